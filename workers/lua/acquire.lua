-- GCRA: take the next free moments of a limit that the whole fleet shares.
-- KEYS[1]: the limit's hash, KEYS[2]: µs ever waited, a figure that outlives it.
-- ARGV: interval_ms at full speed, window_ms, longest wait_ms worth taking, most moments,
--       how long a call takes in ms ('' = not known yet; dispatch sizes its tickets by it).
-- Returns: how many were granted, µs until the first, epoch (changes when the limit was cut),
-- µs from one moment to the next.
local state = redis.call('HMGET', KEYS[1], 'next_at', 'blocked_until', 'cut', 'cut_at', 'epoch', 'interval')
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local interval, window, longest, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
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
if wait > longest then return { 0, math.ceil(wait * 1000), epoch, math.ceil(interval * 1000) } end
local granted = math.max(1, math.min(most, 1 + math.floor((longest - wait) / interval)))
local bucket = math.floor(now / window)
local used = redis.call('HMGET', KEYS[1], 'bucket', 'used', 'used_before')
-- How much of the window we used ourselves: two buckets, the older one fading out.
local before, own = used[3] or '0', tonumber(used[2] or '0')
if tonumber(used[1] or '-1') ~= bucket then
  before, own = tonumber(used[1] or '-1') == bucket - 1 and used[2] or '0', 0
end
redis.call('HSET', KEYS[1], 'next_at', string.format('%.3f', at + granted * interval),
  'bucket', bucket, 'used', own + granted, 'used_before', before)
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'call_ms', ARGV[5]) end
redis.call('PEXPIRE', KEYS[1], math.ceil(window * 3 + wait + granted * interval))
if wait > 0 then redis.call('INCRBY', KEYS[2], math.ceil(wait * 1000)) end
return { granted, math.ceil(wait * 1000), epoch, math.ceil(interval * 1000) }
