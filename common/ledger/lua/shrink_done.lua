-- Of people started long ago, keep what says that they were: the key, and the route in the value.
-- ARGV: now, before_ms, most. KEYS[11]: how far an earlier run came (the score of a done entry).
-- Returns how many were shrunk.
local from = redis.call('GET', KEYS[11]) or '-inf'
local rows = redis.call('ZRANGEBYSCORE', DONE, from, ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local n = 0
for i = 1, #rows, 2 do
  local value = redis.call('HGET', ENTRIES, rows[i])
  local route = value and value ~= '' and cjson.decode(value).r or nil
  local small = route and cjson.encode({ r = route }) or ''
  if value and value ~= '' and value ~= small then
    redis.call('HSET', ENTRIES, rows[i], small)
    n = n + 1
  end
end
if #rows > 0 then
  local last = rows[#rows]
  -- A full run of one and the same score would be read for ever.
  if last == from and #rows / 2 >= tonumber(ARGV[3]) then last = '(' .. last end
  redis.call('SET', KEYS[11], last)
end
return n
