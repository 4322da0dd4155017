-- In flight → done, if the claim still holds. ARGV: now, then key, token, value to keep,
-- counters (JSON {name: increment} or '') for each. Returns 1 or 0 (claim lost) for each.
local answer = {}
for i = 2, #ARGV, 4 do
  local key = ARGV[i]
  if held(key, ARGV[i + 1]) then
    finish(key, ARGV[i + 2], ARGV[i + 3])
    answer[#answer + 1] = 1
  else
    answer[#answer + 1] = 0
  end
end
return answer
