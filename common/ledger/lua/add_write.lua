-- Add one result to be written, and note the person's profile if this interview is the newest.
-- ARGV: now, key, value, person, completed_at_ms, profile (JSON). KEYS[11]: profiles.
-- Returns: wake, added.
local key, value, person, completed_at, profile = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
if redis.call('HSETNX', ENTRIES, key, value) == 0 then return { 0, 0 } end
redis.call('ZADD', PENDING, now, key)
local known = redis.call('HGET', KEYS[11], person)
if not known or tonumber(string.match(known, '^(%-?%d+) ')) <= completed_at then
  redis.call('HSET', KEYS[11], person, string.format('%d %s', completed_at, profile))
end
return { wake(), 1 }
