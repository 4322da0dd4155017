-- Move what is due from pending to in flight, oldest first, each under a fresh fencing token.
-- ARGV: now, lease_ms, most, most_in_flight ('' = any), begins (1 = the claimer works on them at
--       once), budgets (JSON list of [counter, allowed, cost of one, counter of what is reserved
--       ('' = none)]); whoever has a reservation already needs nothing of the latter kind.
-- An entry whose last claimer vanished while working comes alone, so that one which kills its
-- worker takes nobody else with it.
-- Returns: how many more are due, then key, token, attempts, value ('' for a ticket) for each.
local lease_ms, room, begins = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
redis.call('DEL', WAKE)
if ARGV[4] ~= '' then
  room = math.min(room, tonumber(ARGV[4]) - redis.call('ZCARD', IN_FLIGHT))
end
local unreserved = room
if ARGV[6] ~= '' then
  for _, budget in ipairs(cjson.decode(ARGV[6])) do
    local left = budget[2] - tonumber(redis.call('HGET', COUNTERS, budget[1]) or '0')
    if budget[4] ~= '' then left = left - tonumber(redis.call('HGET', COUNTERS, budget[4]) or '0') end
    local people = math.floor(left / budget[3]) - redis.call('ZCARD', IN_FLIGHT)
    if budget[4] == '' then room = math.min(room, people) else unreserved = math.min(unreserved, people) end
  end
end
if unreserved <= 0 then room = math.min(room, 25) end -- so many are looked at for a reservation
local answer = { 0 }
if room > 0 then
  local due = redis.call('ZRANGEBYSCORE', PENDING, '-inf', now, 'WITHSCORES', 'LIMIT', 0, room)
  for i = 1, #due, 2 do
    local key = due[i]
    local meta = read_meta(key) or { attempts = 0, deliveries = 0 }
    local suspect = meta.deliveries > 0
    local affordable = unreserved > 0 or meta.reserved
    if affordable and not meta.reserved then unreserved = unreserved - 1 end
    if affordable and (not suspect or i == 1 or begins == 0) then
      meta.token = redis.call('HINCRBY', COUNTERS, 'token', 1)
      if begins == 1 then meta.deliveries = meta.deliveries + 1 end
      meta.ticket = begins == 0 and 1 or nil
      if ROUTE and not meta.since then meta.since = tonumber(due[i + 1]) end
      redis.call('ZREM', PENDING, key)
      redis.call('ZADD', IN_FLIGHT, now + lease_ms, key)
      write_meta(key, meta)
      answer[#answer + 1] = key
      answer[#answer + 1] = meta.token
      answer[#answer + 1] = meta.attempts
      answer[#answer + 1] = begins == 1 and redis.call('HGET', ENTRIES, key) or ''
      if suspect and begins == 1 then break end
    end
  end
end
if begins == 1 then raise_counter('attempts', (#answer - 1) / 4) end
answer[1] = redis.call('ZCOUNT', PENDING, '-inf', now)
return answer
