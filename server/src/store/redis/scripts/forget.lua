-- Deletes the presence of a node in the room.
-- ARGV: 1 node
local gone = ARGV[1] .. '|'
local lost = is_lost()
mend(6)
for _, field in ipairs(redis.call('HKEYS', KEYS[6])) do
  if string.sub(field, 1, #gone) == gone then redis.call('HDEL', KEYS[6], field) end
end
if not is_of_another_type(PROBES[1], KEYS[1]) then
  redis.call('HDEL', KEYS[1], 'rtt:' .. ARGV[1])
  if not lost then note_told() end
end
return answer('ok')
