-- A ticket's last look before the call: still ours, not removed, not asked elsewhere meanwhile?
-- ARGV: now, key, token, lease_ms, cooldown_ms, credits to reserve (0 = none). KEYS[11]: people, KEYS[12]: aliases, KEYS[13]: kin,
-- KEYS[14]: paused routes, KEYS[15]: the suppression list.
-- Marks the entry as sent (by this claim, unless an earlier one may have sent it already): from
-- here on, silence means that the call may have been made.
-- Returns nil if the ticket is stale or has begun already (it came twice), else: go (1), 0
-- (cancelled) or -1 (the route is paused, nothing has begun), value, attempts, sent before.
local key, token, lease_ms, cooldown_ms = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local meta = held(key, token)
if not meta or meta.begun == meta.token then return nil end
if ROUTE and redis.call('HEXISTS', KEYS[14], ROUTE) == 1 then return { -1, '', 0, 0 } end
local sent_before = meta.sent and 1 or 0
local names = names_of(KEYS[12], KEYS[13], string.match(key, '^([^.]+)%.') or '')
if suppressed(KEYS[15], names) then
  cancel(key, IN_FLIGHT, meta, 'suppressed')
  return { 0, '', 0, 0 }
end
if not meta.sent then
  local refusal = meta.leaving
  for _, name in ipairs(names) do
    local started_at = redis.call('HGET', KEYS[11], name)
    if started_at and now - tonumber(started_at) < cooldown_ms then refusal = refusal or 'cooldown' end
  end
  if refusal then
    cancel(key, IN_FLIGHT, meta, refusal)
    return { 0, '', 0, 0 }
  end
  meta.sent = meta.token
end
meta.begun, meta.ticket = meta.token, nil
meta.deliveries = meta.deliveries + 1
reserve(meta, tonumber(ARGV[6]))
write_meta(key, meta)
raise_counter('attempts', 1)
redis.call('ZADD', IN_FLIGHT, now + lease_ms, key)
return { 1, redis.call('HGET', ENTRIES, key), meta.attempts, sent_before }
