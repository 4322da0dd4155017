-- Forget a result that was kept: its time is over, or its person has come.
-- ARGV: now, interview, counters (JSON or ''), then the names it was kept under.
-- KEYS[11]: unmatched, KEYS[12]: unmatched_until, KEYS[13]: unmatched_names.
-- Returns 1, or 0 if it was not kept any more.
local interview = ARGV[2]
for i = 4, #ARGV do
  local rest = {}
  for one in string.gmatch(redis.call('HGET', KEYS[13], ARGV[i]) or '', '[^\n]+') do
    if one ~= interview then rest[#rest + 1] = one end
  end
  if rest[1] then
    redis.call('HSET', KEYS[13], ARGV[i], table.concat(rest, '\n'))
  else
    redis.call('HDEL', KEYS[13], ARGV[i])
  end
end
redis.call('ZREM', KEYS[12], interview)
if redis.call('HDEL', KEYS[11], interview) == 0 then return 0 end
count(ARGV[3])
return 1
