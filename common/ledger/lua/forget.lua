-- Forget cancelled entries whole, as if they had never been. ARGV: now, then keys. Returns how many.
local n = 0
for i = 2, #ARGV do
  if redis.call('ZREM', CANCELLED, ARGV[i]) == 1 then
    redis.call('HDEL', ENTRIES, ARGV[i])
    redis.call('HDEL', META, ARGV[i])
    n = n + 1
  end
end
return n
