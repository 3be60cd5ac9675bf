-- Records that the room has connections.
-- ARGV: 1 room
local st = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'version')
local standing = standing(st[1])
if standing ~= 'ok' then return { standing } end
redis.call('HSET', KEYS[1], 'attended', now_ms())
schedule(ARGV[1])
return { 'ok', st[2], st[3] }
