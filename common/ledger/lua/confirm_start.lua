-- A result came for somebody whose start was never confirmed (no answer, or the worker died):
-- the interview took place, so the person must not be asked again.
-- ARGV: now, key, value to keep, counters (JSON), interview_id. KEYS[11]: people, KEYS[12]: interviews.
-- Returns 1 if an unfinished entry was completed by this.
local key = ARGV[2]
if ARGV[5] ~= '' then redis.call('HSET', KEYS[12], ARGV[5], key) end
local person = string.match(key, '^([^.]+)%.') or key
redis.call('HSETNX', KEYS[11], person, now)
local removed = redis.call('ZREM', PENDING, key) + redis.call('ZREM', IN_FLIGHT, key)
  + redis.call('ZREM', DEAD, key)
if removed == 0 then return 0 end
redis.call('HSET', KEYS[11], person, now) -- later than any start we knew of
finish(key, ARGV[3], ARGV[4])
return 1
