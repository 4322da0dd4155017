-- Add a page of people to a route, each once for the study whatever id or address names them.
-- ARGV: now, route, study, cooldown_ms, received_at ('' = not told), the cohort copied ('' = none),
--       as_of (since when whoever compiled the page knew less than a newer one),
--       then email_hash, id_hash, value, refusal ('' or the reason to cancel) for each.
-- KEYS[11]: aliases (id → address of the same person), KEYS[12]: people (when last started),
-- KEYS[13]: kin (name → further names of the same person), KEYS[14]: the suppression list,
-- KEYS[15]: left (see leave.lua), KEYS[16]: copies (cohort → since when its newest whole copy holds).
-- Pages may be worked on in any order: who left by a page that was received later, or is missing
-- from a whole copy that was begun later, is not brought back (`outdated`).
-- Returns counts by outcome as a flat list: name, n, ...
local route, study, cooldown_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])
local ALIASES, PEOPLE, KIN = KEYS[11], KEYS[12], KEYS[13]
local received_at, LEFT = tonumber(ARGV[5]), KEYS[15]
local newest_copy = ARGV[6] ~= '' and redis.call('HGET', KEYS[16], ARGV[6])
local is_late = newest_copy and tonumber(ARGV[7]) < tonumber(newest_copy)
local any_left = received_at and redis.call('EXISTS', LEFT) == 1
local FINAL = { dropped = true, erased = true }
local tally = {}

local function note(name) tally[name] = (tally[name] or 0) + 1 end

local function add_kin(name, other)
  local known = redis.call('HGET', KIN, name) or ''
  local _, n = string.gsub(known, '%S+', '')
  if n < MOST_NAMES and not string.find(' ' .. known .. ' ', ' ' .. other .. ' ', 1, true) then
    redis.call('HSET', KIN, name, n == 0 and other or known .. ' ' .. other)
  end
end

-- Keep that an id and an address are one person's, so that either finds what stands under the
-- other. Nearly always ALIASES is enough, as people stand under their address. KIN leads back from
-- the address where an id came without one first and so stands for itself, or came with two.
local function link(email, id)
  local alias = redis.call('HGET', ALIASES, id)
  if email == '' then
    if not alias then add_kin(id, id) end
  elseif not alias then
    redis.call('HSET', ALIASES, id, email)
    if redis.call('HEXISTS', KIN, id) == 1 then add_kin(email, id) end
  elseif alias ~= email then
    add_kin(alias, id)
    add_kin(email, id)
    add_kin(id, email)
  end
end

local function came_again(key, meta)
  if not received_at or is_late or came_at(key, meta) >= received_at then return end
  if meta then
    meta.since = received_at
    write_meta(key, meta)
    return
  end
  local value = redis.call('HGET', ENTRIES, key)
  local rest = string.match(value, '^%d*:(.*)$') or '|' .. value
  redis.call('HSET', ENTRIES, key, string.format('%d:%s', received_at, rest))
end

local function has_left(meta) return received_at and meta and meta.left_at and meta.left_at > received_at end

-- 'known' = leave as it is, 'again' = was cancelled and is considered anew, nil = never seen.
local function standing(key)
  if redis.call('HEXISTS', ENTRIES, key) == 0 then
    if any_left and tonumber(redis.call('ZSCORE', LEFT, key) or '0') > received_at then return 'outdated' end
    return nil
  end
  local meta = read_meta(key)
  if meta and meta.leaving and not is_late and not has_left(meta) then
    meta.leaving = nil -- back in the cohort before the removal took effect
    write_meta(key, meta)
  end
  if redis.call('ZSCORE', PENDING, key) or redis.call('ZSCORE', IN_FLIGHT, key) then came_again(key, meta) end
  if meta and meta.cancelled and has_left(meta) then return 'outdated' end
  if not meta or not meta.cancelled or FINAL[meta.cancelled] then return 'known' end
  return 'again'
end

-- Whoever left and came back may have been started before: this is never forgotten, nor what was
-- reserved for it.
local function maybe_sent(key)
  local meta = read_meta(key) or {}
  return meta.sent, meta.reserved
end

local function refuse(key, seen, reason)
  if seen == 'again' then note('known') else note('cancelled:' .. reason) end
  if seen == nil then redis.call('HINCRBY', COUNTERS, 'cancelled:' .. reason, 1) end
  local sent, reserved = maybe_sent(key)
  redis.call('HSET', ENTRIES, key, '')
  redis.call('ZADD', CANCELLED, now, key)
  write_meta(key, { cancelled = reason, route = route, sent = sent, reserved = reserved })
end

redis.call('SADD', SUBLANES, route)
for i = 8, #ARGV, 4 do
  local email, id, value, refusal = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  if id ~= '' then link(email, id) end
  local person, seen, rested, outdated = email, nil, true, is_late
  if person == '' and id ~= '' then person = redis.call('HGET', ALIASES, id) or id end
  local names = names_of(ALIASES, KIN, email, id)
  local listed = suppressed(KEYS[14], names)
  for _, name in ipairs(names) do
    local found = standing(name .. '.' .. study)
    if found == 'outdated' then
      outdated = true
    elseif found and seen ~= 'known' then
      seen, person = found, name
    end
    local started_at = redis.call('HGET', PEOPLE, name)
    if started_at and now - tonumber(started_at) < cooldown_ms then rested = false end
  end
  local key = person .. '.' .. study
  if person == '' then
    note('cancelled:unidentified')
    redis.call('HINCRBY', COUNTERS, 'cancelled:unidentified', 1)
  elseif seen == 'known' then
    note('known')
  elseif outdated then
    note('outdated')
  elseif refusal ~= '' then
    refuse(key, seen, refusal)
  elseif listed then
    refuse(key, seen, 'suppressed')
  elseif not rested then
    refuse(key, seen, 'cooldown')
  else
    local sent, reserved = maybe_sent(key)
    redis.call('ZREM', CANCELLED, key)
    redis.call('HDEL', META, key)
    if sent then
      write_meta(key, { attempts = 0, deliveries = 0, sent = sent, reserved = reserved })
    end
    redis.call('HSET', ENTRIES, key, value)
    redis.call('ZADD', PENDING, math.min(received_at or now, now), key)
    note('added')
  end
end
local answer = {}
for name, n in pairs(tally) do
  answer[#answer + 1] = name
  answer[#answer + 1] = n
end
return answer
