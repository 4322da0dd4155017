-- Forget entries that ended long ago. KEYS[11]: the set to purge (done, dead or cancelled).
-- ARGV: now, before_ms, most. What was dropped for good stays, and so does whoever may have been
-- started: else the next sync would bring them back. Returns how many were looked at.
local keys = redis.call('ZRANGEBYSCORE', KEYS[11], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
for _, key in ipairs(keys) do
  local meta = read_meta(key)
  if meta and meta.reserved then
    release(meta) -- nobody knows any more whether the call was made, and no result came
    write_meta(key, meta)
  end
  if meta and (meta.cancelled == 'dropped' or meta.cancelled == 'erased' or meta.sent) then
    redis.call('ZADD', KEYS[11], now, key)
  else
    redis.call('ZREM', KEYS[11], key)
    redis.call('HDEL', ENTRIES, key)
    redis.call('HDEL', META, key)
  end
end
return #keys
