-- Renews or ends the host's lease.
-- ARGV: 1 room, 2 when the lease ends, or '0' for now
local standing = standing(redis.call('HGET', KEYS[1], 'run'))
if standing ~= 'ok' then return { standing } end
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], 'lease')
else
  redis.call('HSET', KEYS[1], 'lease', ARGV[2])
end
schedule(ARGV[1])
return { 'ok' }
