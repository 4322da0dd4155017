-- A ticket's last look before the call: still ours, not removed, not asked elsewhere meanwhile?
-- ARGV: now, key, token, lease_ms, cooldown_ms. KEYS[11]: people.
-- Marks the entry as sent: from here on, silence means that the call may have been made.
-- Returns nil if the ticket is stale, else: go (1) or 0 (cancelled), value, attempts, sent before.
local key, token, lease_ms, cooldown_ms = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local meta = held(key, token)
if not meta then return nil end
local sent = meta.sent or 0
if sent == 0 then
  local person = string.match(key, '^([^.]+)%.')
  local started_at = person and redis.call('HGET', KEYS[11], person)
  if meta.leaving then
    cancel(key, IN_FLIGHT, meta, meta.leaving)
    return { 0, '', 0, 0 }
  elseif started_at and now - tonumber(started_at) < cooldown_ms then
    cancel(key, IN_FLIGHT, meta, 'cooldown')
    return { 0, '', 0, 0 }
  end
end
meta.sent = 1
meta.deliveries = meta.deliveries + 1
write_meta(key, meta)
redis.call('ZADD', IN_FLIGHT, now + lease_ms, key)
return { 1, redis.call('HGET', ENTRIES, key), meta.attempts, sent }
