-- One step of a walk over a hash, for what has to do with certain people. Reads only.
-- ARGV: now, cursor, rows a step, then hashes of the people. KEYS[11]: the hash to walk.
-- A row is theirs if its field or value begins with one of the hashes, which are 11 characters long.
-- Returns: the next cursor ('0' = done), then field, value for each row of theirs.
local theirs = {}
for i = 4, #ARGV do theirs[ARGV[i]] = true end
local step = redis.call('HSCAN', KEYS[11], ARGV[2], 'COUNT', ARGV[3])
local answer, rows = { step[1] }, step[2]
for i = 1, #rows, 2 do
  if theirs[string.sub(rows[i], 1, 11)] or theirs[string.sub(rows[i + 1], 1, 11)] then
    answer[#answer + 1] = rows[i]
    answer[#answer + 1] = rows[i + 1]
  end
end
return answer
