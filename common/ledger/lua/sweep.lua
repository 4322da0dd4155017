-- One step of taking out who waits and is missing from the newest whole copy of their cohort.
-- ARGV: now, cohort, origin of its people, most (about so many are looked at). KEYS[11]: sweeps.
-- First those in flight, who leave unless their call is under way, then those who wait, and at last
-- those in flight again, who were on the move. Who came by another way has another origin and stays.
-- Returns how many were cancelled or will be, and 1 if that was the last step.
local SWEEPS, cohort, origin = KEYS[11], ARGV[2], ARGV[3]
local since, phase, cursor = string.match(redis.call('HGET', SWEEPS, cohort) or '', '^(%d+) (%d) (%d+)$')
if not since then return { 0, 1 } end
since = tonumber(since)
local waits, n = phase == '2', 0
local step = redis.call('ZSCAN', waits and PENDING or IN_FLIGHT, cursor, 'COUNT', ARGV[4])
for i = 1, #step[2], 2 do
  local key = step[2][i]
  local value, meta = redis.call('HGET', ENTRIES, key) or '', read_meta(key)
  local is_theirs = (string.match(value, '^%d*:([^|]*)|') or '') == origin
  if is_theirs and came_at(key, meta) < since then
    meta = meta or {}
    meta.left_at = math.max(since, meta.left_at or 0)
    if waits then
      cancel(key, PENDING, meta, 'left_cohort')
      n = n + 1
    elseif not meta.leaving then
      meta.leaving = 'left_cohort'
      write_meta(key, meta)
      if not meta.sent then n = n + 1 end
    end
  end
end
if step[1] == '0' and phase == '3' then
  redis.call('HDEL', SWEEPS, cohort)
  return { n, 1 }
end
if step[1] == '0' then phase = phase + 1 end
redis.call('HSET', SWEEPS, cohort, string.format('%d %d %s', since, phase, step[1]))
return { n, 0 }
