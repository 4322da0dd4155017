-- Dead → pending with a fresh budget. ARGV: now, spacing_ms between one and the next, then keys.
-- The story stays. That a call may have been carried out stays too, unless that was the very question
-- (`ambiguous`), which whoever replays it has answered. Returns: wake (1 = send a wake-up message), then 1 or 0 (not dead) for each.
local answer, n = { 0 }, 0
for i = 3, #ARGV do
  local key = ARGV[i]
  if redis.call('ZREM', DEAD, key) == 1 then
    local meta = read_meta(key) or {}
    remember(meta, 'replayed', '', '', 0)
    meta.attempts, meta.deliveries = 0, 0
    if meta.reason == 'ambiguous' then meta.sent = nil end
    meta.token, meta.begun, meta.reason, meta.status, meta.error = nil, nil, nil, nil, nil
    write_meta(key, meta)
    redis.call('ZADD', PENDING, now + n * tonumber(ARGV[2]), key)
    n = n + 1
    answer[#answer + 1] = 1
  else
    answer[#answer + 1] = 0
  end
end
if n > 0 then answer[1] = wake() end
return answer
