-- Reservations whose result did not come in time: their credits may be used again. They stay open
-- without credits for a while, so that a late result still counts.
-- ARGV: now, most, keep_ms. KEYS[11], KEYS[12]: reservations and when they lapse. Returns how many.
local keys = redis.call('ZRANGEBYSCORE', KEYS[12], '-inf', now, 'LIMIT', 0, ARGV[2])
for _, key in ipairs(keys) do
  local credits, route = string.match(redis.call('HGET', KEYS[11], key) or '0 ', '^(%d+) (.*)$')
  if credits == '0' then
    redis.call('HDEL', KEYS[11], key)
    redis.call('ZREM', KEYS[12], key)
  else
    redis.call('HINCRBY', COUNTERS, 'reserved:' .. route, -tonumber(credits))
    redis.call('HSET', KEYS[11], key, '0 ' .. route)
    redis.call('ZADD', KEYS[12], now + tonumber(ARGV[3]), key)
  end
end
return #keys
