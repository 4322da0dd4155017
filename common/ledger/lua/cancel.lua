-- Pending or dead → cancelled. ARGV: now, reason, then keys. Returns 1 or 0 (in another state) for each.
local answer = {}
for i = 3, #ARGV do
  local key, from = ARGV[i], nil
  if redis.call('ZSCORE', PENDING, key) then
    from = PENDING
  elseif redis.call('ZSCORE', DEAD, key) then
    from = DEAD
  end
  if from then cancel(key, from, read_meta(key), ARGV[2]) end
  answer[#answer + 1] = from and 1 or 0
end
return answer
