-- Writes a commit, and publishes it.
-- ARGV: 1 room, 2 epoch before, 3 version before, 4 version, 5 at, 6 body, 7 commit, 8 op or '',
--       9 deadline or '', 10 idle_ms or '', 11 listed, 12 '1' deletes, 13 channel, 14 lease: '' keeps,
--       '0' ends it, 15 '1' only if the lease is over
local st = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'version', 'at', 'lease')
local standing = standing(st[1])
if standing ~= 'ok' then return { standing } end
if st[2] ~= ARGV[2] or st[3] ~= ARGV[3] then return { 'moved' } end
local now, at = now_ms(), tonumber(ARGV[5])
-- The room's own time never goes back, even if the clock of this Redis has gone back.
if at < now - 250 or at > now + 250 and at ~= tonumber(st[4]) then
  return { 'clock' }
end
if ARGV[15] == '1' and tonumber(st[5] or '0') > now then return { 'moved' } end
local message = '{"commit":' .. ARGV[7] .. '}'
if ARGV[12] == '1' then
  for i = 1, 6 do redis.call('DEL', KEYS[i]) end
  redis.call('ZREM', KEYS[7], ARGV[1])
  redis.call('SREM', KEYS[8], ARGV[1])
  redis.call('PUBLISH', ARGV[13], message)
  return { 'ok' }
end
-- What may fail comes first: a log or ops of another type, or a log that is ahead.
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1024, ARGV[2] .. '-' .. ARGV[4], 'commit', ARGV[7])
if ARGV[8] ~= '' then
  redis.call('RPUSH', KEYS[3], ARGV[8])
  redis.call('LTRIM', KEYS[3], -1024, -1)
end
redis.call('HSET', KEYS[1], 'version', ARGV[4], 'at', ARGV[5], 'body', ARGV[6],
  'deadline', ARGV[9], 'idle_ms', ARGV[10])
if ARGV[14] == '0' then
  redis.call('HDEL', KEYS[1], 'lease')
elseif ARGV[14] ~= '' then
  redis.call('HSET', KEYS[1], 'lease', ARGV[14])
end
list(ARGV[1], ARGV[11])
schedule(ARGV[1])
redis.call('PUBLISH', ARGV[13], message)
return { 'ok' }
