-- Reads the commits after a place, and the place of the room.
-- ARGV: 1 '(<epoch>-<version>'
local st = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'version')
local standing = standing(st[1])
if standing ~= 'ok' then return { standing } end
local commits = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], ARGV[1], '+', 'COUNT', 256)) do
  commits[#commits + 1] = entry[2][2]
end
return { 'ok', st[2], st[3], commits }
