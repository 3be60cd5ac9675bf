-- Deletes a room.
-- ARGV: 1 room
for i = 1, 6 do redis.call('DEL', KEYS[i]) end
mend(7)
redis.call('ZREM', KEYS[7], ARGV[1])
list(ARGV[1], '0')
return answer('ok')
