-- In flight → pending, due after a delay. ARGV: now, then key, token, delay_ms, spends (1 = counts
-- as a failed attempt), keeps_sent (1 = the call may have been made), outcome, status, error for each.
-- A claim vouches for its own call alone: what an earlier one may have sent stays so, and a ticket
-- put back before it began says nothing about the silence of those before it.
-- Returns 1 or 0 (claim lost) for each.
local answer, failed = {}, {}
for i = 2, #ARGV, 8 do
  local key, meta = ARGV[i], held(ARGV[i], ARGV[i + 1])
  if meta then
    if ARGV[i + 3] == '1' then
      meta.attempts = meta.attempts + 1
      remember(meta, ARGV[i + 5], ARGV[i + 6], ARGV[i + 7], ARGV[i + 2])
    end
    if ARGV[i + 4] ~= '1' and meta.sent == meta.token then
      meta.sent = nil
      release(meta)
    end
    if not meta.ticket then meta.deliveries = 0 end
    meta.token, meta.begun, meta.ticket = nil, nil, nil
    write_meta(key, meta)
    redis.call('ZREM', IN_FLIGHT, key)
    redis.call('ZADD', PENDING, now + tonumber(ARGV[i + 2]), key)
    if ARGV[i + 5] ~= '' then failed[ARGV[i + 5]] = (failed[ARGV[i + 5]] or 0) + 1 end
    answer[#answer + 1] = 1
  else
    answer[#answer + 1] = 0
  end
end
for outcome, n in pairs(failed) do raise_counter('failed:' .. outcome, n) end
return answer
