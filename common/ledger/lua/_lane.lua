-- Stands before every script of a lane: the lane's keys, the clock, and what scripts share.
-- ARGV[1] is the time in ms, or '' for the clock of Redis (one clock for the whole fleet).
-- An entry's state is the one sorted set that holds its key; the score is that state's time:
--   pending = due at, in_flight = leased until, done / dead / cancelled = since.
local ENTRIES, META, PENDING, IN_FLIGHT = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local DONE, DEAD, CANCELLED, COUNTERS, WAKE, SUBLANES = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local ROUTE = string.match(PENDING, ':pending:(.+)$') -- only invitations have a lane a route
local STORY_LENGTH = 20

local function clock_ms()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local now = clock_ms()

local function read_meta(key)
  local raw = redis.call('HGET', META, key)
  if raw then return cjson.decode(raw) end
  return nil
end

local function write_meta(key, meta)
  redis.call('HSET', META, key, cjson.encode(meta))
end

-- The fence: a claim is good only while the entry is in flight under the same token.
local function held(key, token)
  if not redis.call('ZSCORE', IN_FLIGHT, key) then return nil end
  local meta = read_meta(key)
  if meta and meta.token == tonumber(token) then return meta end
  return nil
end

local function count(counters_json)
  if counters_json == '' then return end
  for field, increment in pairs(cjson.decode(counters_json)) do
    redis.call('HINCRBY', COUNTERS, field, increment)
  end
end

-- Figures for /metrics, counted by the scripts that make the transition anyway: how often work on an
-- entry began, and how often it failed, by class (or by the reason of the dead letter it became).
local function raise_counter(field, n)
  if n > 0 then redis.call('HINCRBY', COUNTERS, field, n) end
end

-- Credits: what an interview may cost is reserved from its call on, in `reserved:<route>`. Until the
-- entry is done, its meta knows of it ({ credits, route }); then the hash of reservations does, until
-- the result settles it or it lapses.
local function reserve(meta, credits)
  if credits == 0 or meta.reserved then return end
  meta.reserved = { credits, ROUTE }
  raise_counter('reserved:' .. ROUTE, credits)
end

-- The call was not made, or Koji said no.
local function release(meta)
  if not meta or not meta.reserved then return end
  redis.call('HINCRBY', COUNTERS, 'reserved:' .. meta.reserved[2], -meta.reserved[1])
  meta.reserved = nil
end

local function keep_reservation(key, meta, reservations, lapses, lapses_after_ms)
  if not meta or not meta.reserved then return end
  redis.call('HSET', reservations, key, meta.reserved[1] .. ' ' .. meta.reserved[2])
  redis.call('ZADD', lapses, now + tonumber(lapses_after_ms), key)
end

local REFUSED = { rejected = true, bad_data = true }

local function finish(key, value, counters_json)
  redis.call('ZREM', IN_FLIGHT, key)
  redis.call('ZADD', DONE, now, key)
  redis.call('HSET', ENTRIES, key, value)
  redis.call('HDEL', META, key)
  count(counters_json)
end

local function remember(meta, outcome, status, error, delay_ms)
  local story = meta.story or {}
  story[#story + 1] = {
    at = now, outcome = outcome, status = tonumber(status), error = error, delay_ms = tonumber(delay_ms),
  }
  while #story > STORY_LENGTH do table.remove(story, 1) end
  meta.story = story
  meta.last_at = now
  meta.first_at = meta.first_at or now
end

local function bury(key, meta, reason, status, error)
  remember(meta, 'dead', status, error, 0)
  if REFUSED[reason] then release(meta) end
  meta.reason, meta.status, meta.error, meta.route = reason, tonumber(status), error, ROUTE
  redis.call('ZREM', IN_FLIGHT, key)
  redis.call('ZADD', DEAD, now, key)
  write_meta(key, meta)
  redis.call('HINCRBY', COUNTERS, 'dead:' .. reason, 1)
end

local function cancel(key, from, meta, reason)
  meta = meta or {}
  if not meta.sent then release(meta) end
  meta.cancelled, meta.token, meta.story, meta.route = reason, nil, nil, ROUTE or meta.route
  redis.call('ZREM', from, key)
  redis.call('ZADD', CANCELLED, now, key)
  redis.call('HSET', ENTRIES, key, '')
  write_meta(key, meta)
  redis.call('HINCRBY', COUNTERS, 'cancelled:' .. reason, 1)
end

-- When a person who waits, or is in flight, last came, by the time of receipt (ms). Nobody who waits
-- needs a record of it: it is the score until the first claim (then `since` in meta), and who comes
-- again has it written before the payload, as `<ms>:<origin>|`.
local function came_at(key, meta)
  local at = meta and meta.since or tonumber(redis.call('ZSCORE', PENDING, key) or '0')
  local again = string.match(redis.call('HGET', ENTRIES, key) or '', '^(%d+):')
  return math.max(at, tonumber(again or '0'))
end

-- A whole copy of a cohort is in: whoever of it waits and last came before is swept out, step by
-- step (sweep.lua). A copy older than one that is in already says nothing new.
local function whole_copy(copies, sweeps, cohort, since)
  if tonumber(redis.call('HGET', copies, cohort) or '0') >= since then return end
  redis.call('HSET', copies, cohort, since)
  redis.call('HSET', sweeps, cohort, string.format('%d 1 0', since))
end

-- One wake-up message for many entries: true only for the first since the last claim.
local function wake()
  if redis.call('SET', WAKE, '1', 'NX', 'PX', 2000) then return 1 end
  return 0
end

-- Every name by which a person was ever seen, those given first. `aliases` tells the address of
-- an id; `kin` (name → names) the rest, which is rarely any: see invite.lua.
local MOST_NAMES = 16
local function names_of(aliases, kin, ...)
  local names, seen, any_kin, i = {}, {}, redis.call('EXISTS', kin) == 1, 1
  local function see(name)
    if name and name ~= '' and not seen[name] and #names < MOST_NAMES then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  for _, name in ipairs({ ... }) do see(name) end
  while names[i] do
    see(redis.call('HGET', aliases, names[i]))
    for name in string.gmatch(any_kin and redis.call('HGET', kin, names[i]) or '', '%S+') do see(name) end
    i = i + 1
  end
  return names
end

-- Whoever must not be asked again: `list` (hash) knows salted hashes of names, see suppressions.py.
-- A person who is listed under one name is listed under all of them from now on.
local function suppressed(list, names)
  local salt = redis.call('HGET', list, 'salt')
  if not salt then return false end
  local entry, root, missing = nil, nil, {}
  for _, name in ipairs(names) do
    local field = redis.sha1hex(salt .. name)
    local found = redis.call('HGET', list, field)
    if not found then
      missing[#missing + 1] = field
    elseif not entry then
      entry, root = cjson.decode(found), field
    end
  end
  if not entry then return false end
  entry.of = entry.of or root
  for _, field in ipairs(missing) do redis.call('HSET', list, field, cjson.encode(entry)) end
  return true
end
