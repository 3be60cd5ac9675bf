-- Records that the room has connections. Who they are is told again if it was told and Redis has evicted it.
-- ARGV: 1 room, 2 the node's room clock in ms
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
local was_told = redis.call('HEXISTS', KEYS[1], 'told') == 1
if is_lost() then was_told = false end
redis.call('HSET', KEYS[1], 'attended', ARGV[2])
schedule(ARGV[1])
for i = 4, 6 do
  if was_told and redis.call('EXISTS', KEYS[i]) == 0 then mended[#mended + 1] = NAMES[i] else mend(i) end
end
if st.listed == '1' then list(ARGV[1], st.listed) end
return answer('ok', st.epoch, st.version, st.at)
