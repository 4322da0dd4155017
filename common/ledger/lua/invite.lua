-- Add a page of people to a route, each once for the study whatever id or address names them.
-- ARGV: now, route, study, cooldown_ms,
--       then email_hash, id_hash, value, refusal ('' or the reason to cancel) for each.
-- KEYS[11]: aliases (id → address of the same person), KEYS[12]: people (when last started),
-- KEYS[13]: kin (name → further names of the same person), KEYS[14]: the suppression list.
-- Returns counts by outcome as a flat list: name, n, ...
local route, study, cooldown_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])
local ALIASES, PEOPLE, KIN = KEYS[11], KEYS[12], KEYS[13]
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

-- 'known' = leave as it is, 'again' = was cancelled and is considered anew, nil = never seen.
local function standing(key)
  if redis.call('HEXISTS', ENTRIES, key) == 0 then return nil end
  local meta = read_meta(key)
  if meta and meta.leaving then
    meta.leaving = nil -- back in the cohort before the removal took effect
    write_meta(key, meta)
  end
  if not meta or not meta.cancelled or FINAL[meta.cancelled] then return 'known' end
  return 'again'
end

-- Whoever left and came back may have been started before: this is never forgotten.
local function maybe_sent(key)
  local meta = read_meta(key)
  return meta and meta.sent
end

local function refuse(key, seen, reason)
  if seen == 'again' then note('known') else note('cancelled:' .. reason) end
  if seen == nil then redis.call('HINCRBY', COUNTERS, 'cancelled:' .. reason, 1) end
  redis.call('HSET', ENTRIES, key, '')
  redis.call('ZADD', CANCELLED, now, key)
  write_meta(key, { cancelled = reason, route = route, sent = maybe_sent(key) })
end

redis.call('SADD', SUBLANES, route)
for i = 5, #ARGV, 4 do
  local email, id, value, refusal = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  if id ~= '' then link(email, id) end
  local person, seen, rested = email, nil, true
  if person == '' and id ~= '' then person = redis.call('HGET', ALIASES, id) or id end
  local names = names_of(ALIASES, KIN, email, id)
  local listed = suppressed(KEYS[14], names)
  for _, name in ipairs(names) do
    local found = standing(name .. '.' .. study)
    if found and seen ~= 'known' then
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
  elseif refusal ~= '' then
    refuse(key, seen, refusal)
  elseif listed then
    refuse(key, seen, 'suppressed')
  elseif not rested then
    refuse(key, seen, 'cooldown')
  else
    local sent = maybe_sent(key)
    redis.call('ZREM', CANCELLED, key)
    redis.call('HDEL', META, key)
    if sent then write_meta(key, { attempts = 0, deliveries = 0, sent = sent }) end
    redis.call('HSET', ENTRIES, key, value)
    redis.call('ZADD', PENDING, now, key)
    note('added')
  end
end
local answer = {}
for name, n in pairs(tally) do
  answer[#answer + 1] = name
  answer[#answer + 1] = n
end
return answer
