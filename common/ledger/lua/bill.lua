-- A result says what an interview costs: what was reserved for it goes, once.
-- ARGV: now, key of the invitation, credits billed, month. KEYS[11], KEYS[12]: reservations and when
-- they lapse. Returns 1, or 0 where nothing is open (any more).
local found = redis.call('HGET', KEYS[11], ARGV[2])
if not found then return 0 end
local credits, route = string.match(found, '^(%d+) (.+)$')
redis.call('HDEL', KEYS[11], ARGV[2])
redis.call('ZREM', KEYS[12], ARGV[2])
redis.call('HINCRBY', COUNTERS, 'reserved:' .. route, -tonumber(credits))
raise_counter('credits:' .. route .. ':' .. ARGV[4], tonumber(ARGV[3]))
return 1
