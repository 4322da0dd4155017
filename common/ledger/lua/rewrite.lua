-- Give an entry another value if it still has the one that was read. ARGV: now, key, old, new.
-- Returns 1, or 0 if it changed meanwhile.
if redis.call('HGET', ENTRIES, ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HSET', ENTRIES, ARGV[2], ARGV[4])
return 1
