-- A result came for somebody whose start was never confirmed (no answer, or the worker died):
-- the interview took place, so the person must not be asked again.
-- ARGV: now, key, value to keep, counters (JSON), interview_id, lapses_after_ms.
-- KEYS[11]: people, KEYS[12]: interviews, KEYS[13], KEYS[14]: reservations and when they lapse,
-- KEYS[15] and on: the sets of other routes of the study in which the key may be pending or in flight.
-- Who was cancelled meanwhile is done too, unless they wished to be forgotten.
-- Returns 1 if an unfinished entry was completed by this.
local key = ARGV[2]
if ARGV[5] ~= '' then redis.call('HSET', KEYS[12], ARGV[5], key) end
local person = string.match(key, '^([^.]+)%.') or key
redis.call('HSETNX', KEYS[11], person, now)
local removed = redis.call('ZREM', PENDING, key) + redis.call('ZREM', IN_FLIGHT, key)
  + redis.call('ZREM', DEAD, key)
for i = 15, #KEYS do removed = removed + redis.call('ZREM', KEYS[i], key) end
local meta = removed == 0 and read_meta(key)
if meta and meta.cancelled and meta.cancelled ~= 'erased' then removed = redis.call('ZREM', CANCELLED, key) end
if removed == 0 then return 0 end
redis.call('HSET', KEYS[11], person, now) -- later than any start we knew of
keep_reservation(key, read_meta(key), KEYS[13], KEYS[14], ARGV[6])
finish(key, ARGV[3], ARGV[4])
return 1
