-- Add a page of people to a route, each once for the study whatever id or address names them.
-- ARGV: now, route, study, cooldown_ms, prefix of the lane's keys,
--       then email_hash, id_hash, value, refusal ('' or the reason to cancel) for each.
-- KEYS[11]: aliases (id → address of the same person), KEYS[12]: people (when last started).
-- Returns counts by outcome as a flat list: name, n, ...
local route, study, cooldown_ms, prefix = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local ALIASES, PEOPLE = KEYS[11], KEYS[12]
local FINAL = { dropped = true, erased = true }
local tally = {}

local function note(name) tally[name] = (tally[name] or 0) + 1 end

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

local function refuse(key, seen, reason)
  if seen == 'again' then note('known') else note('cancelled:' .. reason) end
  if seen == nil then redis.call('HINCRBY', COUNTERS, 'cancelled:' .. reason, 1) end
  redis.call('HSET', ENTRIES, key, '')
  redis.call('ZADD', CANCELLED, now, key)
  write_meta(key, { cancelled = reason, route = route })
end

redis.call('SADD', SUBLANES, route)
for i = 6, #ARGV, 4 do
  local email, id, value, refusal = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local alias = id ~= '' and redis.call('HGET', ALIASES, id) or ''
  local names, person, seen, rested = {}, email, nil, true
  for _, name in ipairs({ email, alias, id }) do
    if name ~= '' then
      names[#names + 1] = name
      if person == '' then person = name end
    end
  end
  if email ~= '' and id ~= '' and alias == '' then redis.call('HSET', ALIASES, id, email) end
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
  elseif not rested then
    refuse(key, seen, 'cooldown')
  else
    redis.call('ZREM', CANCELLED, key)
    redis.call('HDEL', META, key)
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
