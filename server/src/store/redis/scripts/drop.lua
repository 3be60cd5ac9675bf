-- Deletes a room.
-- ARGV: 1 room
for i = 1, 6 do redis.call('DEL', KEYS[i]) end
redis.call('ZREM', KEYS[7], ARGV[1])
redis.call('SREM', KEYS[8], ARGV[1])
return { 'ok' }
