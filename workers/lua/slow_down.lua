-- What the partner said about its limit, for the whole fleet at once.
-- KEYS[1]: the limit's hash. ARGV: refused (1 = 429), wait_ms it asked for ('' = none),
-- limit it named ('' = none), interval_ms at full speed, window_ms, share of a limit we use.
-- Returns: until when nothing may be sent (ms), 0 if that did not change.
local state = redis.call('HMGET', KEYS[1], 'cut', 'cut_at', 'strikes', 'bucket', 'used', 'used_before', 'blocked_until')
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local refused, full, window, share = ARGV[1] == '1', tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local LONGEST_BLOCK = 120000

if ARGV[3] ~= '' then
  local named = window / (tonumber(ARGV[3]) * share)
  if named > full then
    redis.call('HSET', KEYS[1], 'interval', string.format('%.3f', named))
  else
    redis.call('HDEL', KEYS[1], 'interval')
  end
end

local wait = tonumber(ARGV[2])
if refused then
  local cut, cut_at = tonumber(state[1] or '1'), tonumber(state[2] or '0')
  local strikes = now - cut_at < 2 * window and tonumber(state[3] or '0') or 0
  if now - cut_at > window / 20 then -- many answers, one event
    local grown = cut_at == 0 and 1 or math.min(1, cut + (1 - cut) * (now - cut_at) / (2 * window))
    strikes = strikes + 1
    redis.call('HSET', KEYS[1], 'cut', math.max(0.1, grown * 0.7), 'cut_at', string.format('%.3f', now), 'strikes', strikes)
  end
  wait = wait or math.min(1000 * 2 ^ math.max(0, strikes - 1), window)
  wait = math.max(wait, 50)
elseif wait then
  -- Remaining is 0. If our own calls explain it, our pace keeps the limit already; else
  -- somebody else uses this key, and the next moment is when the partner says.
  -- Of the older bucket all counts: where in it our calls lay is not known, and a pause that
  -- nobody needed costs a window, while one that was needed comes with the next 429 anyway.
  local bucket, own = math.floor(now / window), 0
  if tonumber(state[4] or '-1') == bucket then
    own = tonumber(state[5]) + tonumber(state[6])
  elseif tonumber(state[4] or '-1') == bucket - 1 then
    own = tonumber(state[5])
  end
  local interval = math.max(full, tonumber(redis.call('HGET', KEYS[1], 'interval') or '0'))
  if own >= 0.9 * window / interval then return 0 end
end
if not wait then
  redis.call('PEXPIRE', KEYS[1], math.ceil(window * 3))
  return 0
end
wait = math.min(wait, LONGEST_BLOCK)
local blocked_until = now + wait
if tonumber(state[7] or '0') < blocked_until then
  redis.call('HSET', KEYS[1], 'blocked_until', string.format('%.3f', blocked_until))
  redis.call('HSET', KEYS[1], 'next_at', string.format('%.3f', blocked_until))
end
redis.call('HINCRBY', KEYS[1], 'epoch', 1)
redis.call('PEXPIRE', KEYS[1], math.ceil(window * 3 + wait))
return math.ceil(blocked_until)
