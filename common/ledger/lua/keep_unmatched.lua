-- Keep the result of somebody unidentified for a while. ARGV: now, interview, value, forget_at,
-- then the names (hashes) by which its person may come yet.
-- KEYS[11]: unmatched, KEYS[12]: unmatched_until, KEYS[13]: unmatched_names (name → interviews).
-- Returns 1, or 0 if it is kept already.
local interview = ARGV[2]
if redis.call('HSETNX', KEYS[11], interview, ARGV[3]) == 0 then return 0 end
redis.call('ZADD', KEYS[12], ARGV[4], interview)
for i = 5, #ARGV do
  local known = redis.call('HGET', KEYS[13], ARGV[i])
  redis.call('HSET', KEYS[13], ARGV[i], known and known .. '\n' .. interview or interview)
end
return 1
