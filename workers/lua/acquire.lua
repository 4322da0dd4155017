-- GCRA: take the next free moment of a limit that the whole fleet shares.
-- KEYS[1]: the limit's hash, KEYS[2]: µs ever waited, a figure that outlives it. ARGV: interval_ms at full speed, window_ms, longest wait_ms worth taking.
-- Returns: granted (1/0), wait in µs until the moment, epoch (changes when the limit was cut).
local state = redis.call('HMGET', KEYS[1], 'next_at', 'blocked_until', 'cut', 'cut_at', 'epoch', 'interval')
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, window, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- The partner named a smaller limit than we were told.
interval = math.max(interval, tonumber(state[6] or '0'))
-- After a cut the pace grows back in a straight line over two windows.
local cut = tonumber(state[3] or '1')
if cut < 1 then
  local share = math.min(1, cut + (1 - cut) * (now - tonumber(state[4])) / (2 * window))
  interval = interval / share
end
local at = math.max(now, tonumber(state[1] or '0'), tonumber(state[2] or '0'))
local wait = at - now
local epoch = tonumber(state[5] or '0')
if wait > longest then return { 0, math.ceil(wait * 1000), epoch } end
redis.call('HSET', KEYS[1], 'next_at', string.format('%.3f', at + interval))
redis.call('PEXPIRE', KEYS[1], math.ceil(window * 3 + wait))
if wait > 0 then redis.call('INCRBY', KEYS[2], math.ceil(wait * 1000)) end
-- How much of the window we used ourselves: two buckets, the older one fading out.
local bucket = math.floor(now / window)
local used = redis.call('HMGET', KEYS[1], 'bucket', 'used', 'used_before')
if tonumber(used[1] or '-1') ~= bucket then
  local before = tonumber(used[1] or '-1') == bucket - 1 and used[2] or '0'
  redis.call('HSET', KEYS[1], 'bucket', bucket, 'used', 1, 'used_before', before)
else
  redis.call('HINCRBY', KEYS[1], 'used', 1)
end
return { 1, math.ceil(wait * 1000), epoch }
