-- Reads the newest state.
-- ARGV: 1 epoch and 2 version that the caller knows, or '', 3 a random word
local st = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'version', 'body')
local standing = standing(st[1])
if standing == 'ok' and st[2] == ARGV[1] and st[3] == ARGV[2] then return { 'same' } end
if standing == 'ok' then return { standing, st[4], redis.call('LRANGE', KEYS[3], 0, -1) } end
-- A rebuild is written only to the same process in the same life.
redis.call('SET', KEYS[9], ARGV[3], 'NX')
redis.call('PEXPIRE', KEYS[9], KEEP_MS)
local life = run_id() .. ':' .. redis.call('GET', KEYS[9])
if standing == 'absent' then return { standing, life } end
return { standing, life, st[1], st[4], redis.call('LRANGE', KEYS[3], 0, -1) }
