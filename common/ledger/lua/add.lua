-- Add entries once by key. ARGV: now, then key, value, delay_ms for each.
-- Returns: wake (1 = send a wake-up message), then 1 (added) or 0 (known already) for each.
local answer = { 0 }
for i = 2, #ARGV, 3 do
  local key, value, delay_ms = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  if redis.call('HSETNX', ENTRIES, key, value) == 1 then
    redis.call('ZADD', PENDING, now + delay_ms, key)
    answer[#answer + 1] = 1
    answer[1] = 2
  else
    answer[#answer + 1] = 0
  end
end
if answer[1] == 2 then answer[1] = wake() end
return answer
