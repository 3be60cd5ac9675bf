-- Reads the commits after a place, and the place of the room.
-- ARGV: 1 '(<epoch>-<version>'
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
mend(2)
local commits = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], ARGV[1], '+', 'COUNT', 256)) do
  commits[#commits + 1] = entry[2][2]
end
return answer('ok', st.epoch, st.version, commits)
