-- An accepted start: in flight → done, and the interview's id leads back to the person.
-- ARGV: now, key, token, value to keep, counters (JSON), interview_id ('' = not told), delivery
-- (what the person is still owed, '' = nothing; it is added once, in the same step), lapses_after_ms.
-- KEYS[11]: people, KEYS[12]: interviews, KEYS[13]: awaiting (interviews without a result yet),
-- KEYS[14]: refused_in_a_row (which ends here), KEYS[15], KEYS[16]: entries and pending of the
-- lane of deliveries, KEYS[17], KEYS[18]: reservations and when they lapse. Returns 1, or 0 if the claim was lost; what Koji
-- told is kept either way, for it is true whoever holds the claim.
local key, interview_id = ARGV[2], ARGV[6]
local person = string.match(key, '^([^.]+)%.') or key
redis.call('HSET', KEYS[11], person, now)
if interview_id ~= '' and redis.call('HSET', KEYS[12], interview_id, key) == 1 then
  redis.call('ZADD', KEYS[13], now, interview_id)
end
if ARGV[7] ~= '' and redis.call('HSETNX', KEYS[15], key, ARGV[7]) == 1 then
  redis.call('ZADD', KEYS[16], now, key)
end
if ROUTE then redis.call('HDEL', KEYS[14], ROUTE) end
local meta = held(key, ARGV[3])
if not meta then return 0 end
keep_reservation(key, meta, KEYS[17], KEYS[18], ARGV[8])
finish(key, ARGV[4], ARGV[5])
return 1
