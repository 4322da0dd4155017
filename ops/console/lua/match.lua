-- One step of a search through the dead letters of a lane, newest first. Reads only.
-- KEYS: the lane's dead, its meta. ARGV: since (Unix ms), reason and route ('' = any), how many
-- letters to pass over, how many to look at, how many of the matching ones to name.
-- Meta is searched as text, which is ten times as fast as decoding it: names of reasons and routes
-- need no escaping, and a quotation mark inside another value is always escaped.
-- Returns: how many were looked at, how many match, then key, score for each that is named.
local reason, route, wanted = ARGV[2], ARGV[3], tonumber(ARGV[6])
local needle_reason, needle_route = '"reason":"' .. reason .. '"', '"route":"' .. route .. '"'
local rows = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', ARGV[1], 'WITHSCORES', 'LIMIT', ARGV[4], ARGV[5])
local answer = { #rows / 2, 0 }

local function take(key, score)
  answer[2] = answer[2] + 1
  if answer[2] <= wanted then
    answer[#answer + 1] = key
    answer[#answer + 1] = score
  end
end

for first = 1, #rows, 2000 do
  local last, keys, metas = math.min(first + 1999, #rows), {}, {}
  for i = first, last, 2 do keys[#keys + 1] = rows[i] end
  if reason ~= '' or route ~= '' then metas = redis.call('HMGET', KEYS[2], unpack(keys)) end
  for i, key in ipairs(keys) do
    local meta = metas[i] or ''
    if (reason == '' or string.find(meta, needle_reason, 1, true))
      and (route == '' or string.find(meta, needle_route, 1, true)) then
      take(key, rows[first + 2 * i - 1])
    end
  end
end
return answer
