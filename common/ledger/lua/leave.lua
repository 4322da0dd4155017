-- People who left the cohort: pending → cancelled; in flight but not sent yet: cancelled by begin.
-- A dead letter of this route is cancelled too, so that no replay asks who has left.
-- One whose call is under way leaves too if that call turns out not to have been made.
-- Pages may be worked on in any order: who came by a page that was received later stays, and when
-- somebody left is kept, so that no page received before brings them back.
-- ARGV: now, study, received_at ('' = not told), then email_hash, id_hash for each.
-- KEYS[11]: aliases, KEYS[12]: kin, KEYS[13]: left (when somebody left of whom there is no entry).
-- Returns how many were cancelled or will be.
local study, received_at, n = ARGV[2], tonumber(ARGV[3]), 0
local LEFT, LEFT_KEPT_MS = KEYS[13], 7 * 86400000

local function stays(key, meta) return received_at and came_at(key, meta) > received_at end

local function note_left(meta)
  meta = meta or {}
  meta.left_at = received_at and math.max(received_at, meta.left_at or 0) or meta.left_at
  return meta
end

if received_at then
  local long_ago = redis.call('ZRANGEBYSCORE', LEFT, '-inf', now - LEFT_KEPT_MS, 'LIMIT', 0, #ARGV)
  if #long_ago > 0 then redis.call('ZREM', LEFT, unpack(long_ago)) end
end
for i = 4, #ARGV, 2 do
  local known = false
  local names = names_of(KEYS[11], KEYS[12], ARGV[i], ARGV[i + 1])
  for _, name in ipairs(names) do
    local key = name .. '.' .. study
    local meta = read_meta(key)
    known = known or redis.call('HEXISTS', ENTRIES, key) == 1
    if redis.call('ZSCORE', PENDING, key) then
      if not stays(key, meta) then
        cancel(key, PENDING, note_left(meta), 'left_cohort')
        n = n + 1
      end
    elseif redis.call('ZSCORE', IN_FLIGHT, key) then
      if not stays(key, meta) then
        note_left(meta).leaving = 'left_cohort'
        write_meta(key, meta)
        if not meta.sent then n = n + 1 end
      end
    elseif redis.call('ZSCORE', DEAD, key) then
      if meta and meta.route == ROUTE and not stays(key, meta) then
        cancel(key, DEAD, note_left(meta), 'left_cohort')
        n = n + 1
      end
    elseif meta and meta.cancelled and received_at then
      write_meta(key, note_left(meta))
    end
  end
  if not known and received_at and names[1] then
    for _, name in ipairs(names) do redis.call('ZADD', LEFT, 'GT', received_at, name .. '.' .. study) end
  end
end
return n
