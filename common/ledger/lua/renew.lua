-- Longer leases for claims that are still being worked on. ARGV: now, lease_ms, then key, token.
-- Returns 1 or 0 (claim lost) for each.
local answer = {}
for i = 3, #ARGV, 2 do
  if held(ARGV[i], ARGV[i + 1]) then
    redis.call('ZADD', IN_FLIGHT, now + tonumber(ARGV[2]), ARGV[i])
    answer[#answer + 1] = 1
  else
    answer[#answer + 1] = 0
  end
end
return answer
