-- Counts an outage: the time since somebody was connected doesn't include it.
-- ARGV: 1 room, 2 when the outage ended, 3 its length in ms, 4 '1' if no deadline of the room moves with it
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
if (number(st.counted) or 0) >= tonumber(ARGV[2]) then return answer('counted') end
if ARGV[4] ~= '1' and st.deadline and st.deadline ~= '' then return answer('deadline') end
local attended = number(st.attended)
if attended then
  redis.call('HSET', KEYS[1], 'attended', math.min(now_ms(), attended + tonumber(ARGV[3])))
end
redis.call('HSET', KEYS[1], 'counted', ARGV[2])
schedule(ARGV[1])
return answer('ok')
