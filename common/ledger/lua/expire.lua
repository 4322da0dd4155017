-- Leases that ran out: in flight → pending again, or dead as poison after too many deliveries
-- that ended in silence. ARGV: now, most, max_deliveries. Returns: returned to pending, buried.
local returned, buried = 0, 0
local keys = redis.call('ZRANGEBYSCORE', IN_FLIGHT, '-inf', now, 'LIMIT', 0, ARGV[2])
for _, key in ipairs(keys) do
  local meta = read_meta(key) or { attempts = 0, deliveries = 0 }
  if meta.deliveries >= tonumber(ARGV[3]) then
    bury(key, meta, 'poison', '', 'its worker vanished ' .. meta.deliveries .. ' times while working on it')
    buried = buried + 1
  else
    meta.token = nil
    write_meta(key, meta)
    redis.call('ZREM', IN_FLIGHT, key)
    redis.call('ZADD', PENDING, now, key)
    returned = returned + 1
  end
end
return { returned, buried }
