-- Reads the lease and the last attendance.
local st = redis.call('HMGET', KEYS[1], 'run', 'lease', 'attended')
local standing = standing(st[1])
if standing ~= 'ok' then return { standing } end
return { 'ok', st[2], st[3] }
