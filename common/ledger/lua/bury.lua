-- In flight → dead. ARGV: now, then key, token, reason, status, error, keeps_sent (1 = this claim's
-- call may have been carried out) for each. What an earlier claim may have sent stays so.
-- Returns 1 or 0 (claim lost) for each.
local answer, failed = {}, {}
for i = 2, #ARGV, 6 do
  local key, meta = ARGV[i], held(ARGV[i], ARGV[i + 1])
  if meta then
    meta.attempts = meta.attempts + 1
    if ARGV[i + 5] ~= '1' and meta.sent == meta.token then meta.sent = nil end
    bury(key, meta, ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
    failed[ARGV[i + 2]] = (failed[ARGV[i + 2]] or 0) + 1
    answer[#answer + 1] = 1
  else
    answer[#answer + 1] = 0
  end
end
for reason, n in pairs(failed) do raise_counter('failed:' .. reason, n) end
return answer
