-- Checks whether the room is there, replaces keys of another type, and schedules and lists it anew.
-- ARGV: 1 room
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
if is_of_another_type(PROBES[3], KEYS[3]) then return answer('damaged', 'ops') end
for _, i in ipairs({ 2, 4, 5, 6 }) do mend(i) end
if st.listed then list(ARGV[1], st.listed) end
schedule(ARGV[1])
return answer('ok')
