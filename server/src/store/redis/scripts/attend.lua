-- Records that the room has connections. Who they are is told again if Redis has evicted it: the room was attended
-- lately, so it has been told before.
-- ARGV: 1 room, 2 the node's room clock in ms
-- Two rounds of the nodes that attend it.
local TOLD_MS = 10000
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
local before = number(st.attended)
local was_told = before and tonumber(ARGV[2]) - before < TOLD_MS
redis.call('HSET', KEYS[1], 'attended', ARGV[2])
schedule(ARGV[1])
for i = 4, 6 do
  if was_told and redis.call('EXISTS', KEYS[i]) == 0 then mended[#mended + 1] = NAMES[i] else mend(i) end
end
return answer('ok', st.epoch, st.version)
