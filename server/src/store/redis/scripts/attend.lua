-- Records that the room has connections.
-- ARGV: 1 room
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
redis.call('HSET', KEYS[1], 'attended', now_ms())
schedule(ARGV[1])
return answer('ok', st.epoch, st.version)
