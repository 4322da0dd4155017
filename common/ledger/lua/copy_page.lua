-- One page of a whole copy of a cohort: noted before its people come in, and once they are in.
-- ARGV: now, cohort, whose copy it is (its name in `settling`), received_at, page ('' = its people are
-- yet to come), pages in all (0 = not told), kept_ms.
-- KEYS[11]: the copy, KEYS[12]: copies, KEYS[13]: sweeps, KEYS[14]: settling.
-- The copy holds from its earliest page on. It is whole once as many pages are in as it has; where
-- that is not told, once none has come for a while (settle.lua). Page numbers are told apart, not
-- counted, so that a page may come twice and an export start over.
-- Returns since when the copy holds, and 1 if it is whole now.
local COPY, COPIES, SWEEPS, SETTLING = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local received_at, page, pages = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local since = math.min(received_at, tonumber(redis.call('HGET', COPY, 'since') or ARGV[4]))
redis.call('HSET', COPY, 'since', since)
redis.call('PEXPIRE', COPY, ARGV[7])
if page == '' then return { since, 0 } end
redis.call('HSET', COPY, 'page:' .. page, 1)
if pages == 0 then
  redis.call('ZADD', SETTLING, now, ARGV[3])
  return { since, 0 }
end
if redis.call('HLEN', COPY) - 1 < pages then return { since, 0 } end
redis.call('DEL', COPY)
whole_copy(COPIES, SWEEPS, ARGV[2], since)
return { since, 1 }
