-- A copy that does not tell how many pages it has is whole once none has come for a while.
-- ARGV: now, cohort, whose copy it is, before_ms. KEYS[11]: the copy, KEYS[12]: copies,
-- KEYS[13]: sweeps, KEYS[14]: settling. Returns 1 if it is whole now.
local last = redis.call('ZSCORE', KEYS[14], ARGV[3])
if not last or tonumber(last) > tonumber(ARGV[4]) then return 0 end
redis.call('ZREM', KEYS[14], ARGV[3])
local since = redis.call('HGET', KEYS[11], 'since')
if not since then return 0 end
redis.call('DEL', KEYS[11])
whole_copy(KEYS[12], KEYS[13], ARGV[2], tonumber(since))
return 1
