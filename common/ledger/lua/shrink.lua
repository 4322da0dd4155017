-- Replace what is kept of a done entry. ARGV: now, key, value. Returns 1 if it was done.
if not redis.call('ZSCORE', DONE, ARGV[2]) then return 0 end
redis.call('HSET', ENTRIES, ARGV[2], ARGV[3])
return 1
