-- Counts outages: the time since somebody was connected doesn't include them.
-- ARGV: 1 room, 2 `<until>:<length>` of each, 3 '1' if no deadline of the room moves with them,
--       4 the node's room clock in ms
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
local counted, last, uncounted = number(st.counted) or 0, 0, 0
for ended, length in string.gmatch(ARGV[2], '(%d+):(%d+)') do
  last = math.max(last, tonumber(ended))
  if tonumber(ended) > counted then uncounted = uncounted + tonumber(length) end
end
if last <= counted then return answer('counted') end
if ARGV[3] ~= '1' and st.deadline and st.deadline ~= '' then
  return answer('deadline', string.format('%.0f', uncounted))
end
local attended = number(st.attended)
if attended then redis.call('HSET', KEYS[1], 'attended', math.min(tonumber(ARGV[4]), attended + uncounted)) end
redis.call('HSET', KEYS[1], 'counted', string.format('%.0f', last))
schedule(ARGV[1])
return answer('ok')
