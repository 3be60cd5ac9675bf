-- Deletes the presence of a node in the room.
-- ARGV: 1 node
local lost = is_lost()
mend(6)
forget(ARGV[1])
if not is_of_another_type(PROBES[1], KEYS[1]) then
  redis.call('HDEL', KEYS[1], 'rtt:' .. ARGV[1])
  if not lost then note_told() end
end
return answer('ok')
