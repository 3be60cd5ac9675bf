-- Records that the room has connections.
-- ARGV: 1 room, 2 the node's room clock in ms
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
redis.call('HSET', KEYS[1], 'attended', ARGV[2])
schedule(ARGV[1])
return answer('ok', st.epoch, st.version)
