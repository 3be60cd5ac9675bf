-- Reads the lease and the last attendance.
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
return answer('ok', st.lease, st.attended)
