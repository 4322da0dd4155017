-- People who left the cohort: pending → cancelled; in flight but not sent yet: cancelled by begin.
-- A dead letter of this route is cancelled too, so that no replay asks who has left.
-- One whose call is under way leaves too if that call turns out not to have been made.
-- ARGV: now, study, then email_hash, id_hash for each. KEYS[11]: aliases, KEYS[12]: kin.
-- Returns how many were cancelled or will be.
local study, n = ARGV[2], 0
for i = 3, #ARGV, 2 do
  for _, name in ipairs(names_of(KEYS[11], KEYS[12], ARGV[i], ARGV[i + 1])) do
    local key = name .. '.' .. study
    if redis.call('ZSCORE', PENDING, key) then
      cancel(key, PENDING, read_meta(key), 'left_cohort')
      n = n + 1
    elseif redis.call('ZSCORE', IN_FLIGHT, key) then
      local meta = read_meta(key)
      meta.leaving = 'left_cohort'
      write_meta(key, meta)
      if not meta.sent then n = n + 1 end
    elseif redis.call('ZSCORE', DEAD, key) then
      local meta = read_meta(key)
      if meta and meta.route == ROUTE then
        cancel(key, DEAD, meta, 'left_cohort')
        n = n + 1
      end
    end
  end
end
return n
