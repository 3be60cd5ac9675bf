-- Checks whether the room is there, and schedules it anew.
-- ARGV: 1 room
local standing = standing(redis.call('HGET', KEYS[1], 'run'))
if standing == 'ok' then schedule(ARGV[1]) end
return { standing }
