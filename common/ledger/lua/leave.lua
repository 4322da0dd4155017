-- People who left the cohort: pending → cancelled; in flight but not sent yet: cancelled by begin.
-- ARGV: now, study, then email_hash, id_hash for each. KEYS[11]: aliases.
-- Returns how many were cancelled or will be.
local study, n = ARGV[2], 0
for i = 3, #ARGV, 2 do
  local email, id = ARGV[i], ARGV[i + 1]
  local alias = id ~= '' and redis.call('HGET', KEYS[11], id) or ''
  for _, name in ipairs({ email, alias, id }) do
    local key = name .. '.' .. study
    if name ~= '' and redis.call('ZSCORE', PENDING, key) then
      cancel(key, PENDING, read_meta(key), 'left_cohort')
      n = n + 1
    elseif name ~= '' and redis.call('ZSCORE', IN_FLIGHT, key) then
      local meta = read_meta(key)
      if not meta.sent then
        meta.leaving = 'left_cohort'
        write_meta(key, meta)
        n = n + 1
      end
    end
  end
end
return n
