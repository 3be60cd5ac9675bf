-- Records a heartbeat.
-- KEYS: 1 alive, 2 database; ARGV: 1 node, 2 database, 3 age in ms at which a node is dead
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local was_there = redis.call('SET', KEYS[2], ARGV[2], 'NX') and 0 or 1
redis.call('PEXPIRE', KEYS[2], KEEP_MS)
local last = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
local late = now - last > tonumber(ARGV[3]) and 1 or 0
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], KEEP_MS)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - KEEP_MS)
local alive = redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[3], '+inf')
return { tostring(t[1]), tostring(t[2]), run_id(), redis.call('GET', KEYS[2]), was_there, late, alive }
