-- Circuit breaker of one partner and key. KEYS[1]: its hash.
-- ARGV: 'allow' | 'unused' (the probe was not needed) | 'ok' | 'failed', how many calls (of the
-- last two). Returns: state, ms to come back after, failures in a row.
-- Closed: calls go. Open: none go until probe_at. Then one at a time, until one succeeds.
local WINDOW, LEAST, SHARE = 30000, 5, 0.5
-- The shortest is over when the clock's next tick comes, which sends the probe.
local SHORTEST_PAUSE, LONGEST_PAUSE, PROBE_LEASE = 900, 8000, 30000
local SHARE_OF_OUTAGE = 0.04 -- found out late by so much of how long it lasted
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local names = { 'state', 'probe_at', 'opened_at', 'since', 'good', 'bad', 'row', 'good_before', 'bad_before' }
local raw = redis.call('HMGET', KEYS[1], unpack(names))
local b = {}
for i, name in ipairs(names) do b[name] = raw[i] or nil end
local state = b.state or 'closed'
local probe_at, opened_at, row = tonumber(b.probe_at or 0), tonumber(b.opened_at or now), tonumber(b.row or 0)

if ARGV[1] == 'allow' then
  if state == 'closed' then return { 'closed', 0, row } end
  if now < probe_at then
    -- While a probe is out, its answer may come at any moment; only `look` cares for its lease.
    local wait = state == 'half_open' and math.min(probe_at - now, SHORTEST_PAUSE) or probe_at - now
    return { 'open', wait, row }
  end
  -- This caller is the probe; if it vanishes, another one follows after the lease.
  redis.call('HSET', KEYS[1], 'state', 'half_open', 'probe_at', now + PROBE_LEASE)
  return { 'half_open', 0, row }
end

if ARGV[1] == 'unused' then
  if state == 'half_open' then redis.call('HSET', KEYS[1], 'probe_at', now) end
  return { state, 0, row }
end

local since = tonumber(b.since or 0)
local good, bad = tonumber(b.good or 0), tonumber(b.bad or 0)
local good_before, bad_before = tonumber(b.good_before or 0), tonumber(b.bad_before or 0)
if now - since > WINDOW then
  if now - since > 2 * WINDOW then good, bad = 0, 0 end
  good_before, bad_before, good, bad, since = good, bad, 0, 0, now
end
if ARGV[1] == 'ok' then
  good, row = good + tonumber(ARGV[2]), 0
  if state ~= 'closed' then
    state, bad, bad_before = 'closed', 0, 0
  end
else
  bad, row = bad + tonumber(ARGV[2]), row + tonumber(ARGV[2])
  if state == 'half_open' then
    local pause = math.floor((now - opened_at) * SHARE_OF_OUTAGE)
    state, probe_at = 'open', now + math.max(SHORTEST_PAUSE, math.min(pause, LONGEST_PAUSE))
  elseif state == 'closed' then
    local failures, all = bad + bad_before, bad + bad_before + good + good_before
    if row >= LEAST or (failures >= LEAST and failures / all >= SHARE) then
      state, opened_at, probe_at = 'open', now, now + SHORTEST_PAUSE
    end
  end
end
redis.call('HSET', KEYS[1], 'state', state, 'probe_at', probe_at, 'opened_at', opened_at, 'row', row, 'since', since,
  'good', good, 'bad', bad, 'good_before', good_before, 'bad_before', bad_before)
return { state, math.max(0, probe_at - now), row }
