-- Any state → cancelled as `erased`: an empty record remains under the key's hash, so that the next
-- sync does not invite the person again. ARGV: now, then keys.
-- KEYS[11] and on: the sets of every sub-lane in which the keys may be pending or in flight.
-- Returns how many held more than that. Safe to repeat; a ticket that is out finds its claim lost.
local n = 0
for i = 2, #ARGV do
  local key = ARGV[i]
  local value, meta = redis.call('HGET', ENTRIES, key), read_meta(key) or {}
  if value and (value ~= '' or meta.cancelled ~= 'erased') then
    for _, set in ipairs({ PENDING, IN_FLIGHT, DONE, DEAD, unpack(KEYS, 11) }) do
      redis.call('ZREM', set, key)
    end
    release(meta)
    cancel(key, CANCELLED, { route = meta.route }, 'erased')
    n = n + 1
  end
end
return n
