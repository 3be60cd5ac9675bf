-- Writes a whole room, new or rebuilt.
-- ARGV: 1 room, 2 what must be there: 'absent' or the run that wrote it, 3 its epoch, 4 its version,
--       5 epoch, 6 version, 7 at, 8 body, 9 commit or '' for a new room, 10 deadline or '',
--       11 idle_ms or '', 12 listed, 13 channel, 14 lease_ms or '', 15 the life in which that was
--       read, or '' for any, 16… ops
if ARGV[15] ~= '' and ARGV[15] ~= run_id() .. ':' .. (redis.call('GET', KEYS[9]) or '') then
  -- Redis has lost its data once more.
  return { 'moved' }
end
local st = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'version')
if ARGV[2] == 'absent' then
  if st[1] then return { 'moved' } end
  -- What is left of an earlier room isn't part of this one.
  redis.call('DEL', KEYS[2], KEYS[3])
else
  if st[1] ~= ARGV[2] or st[2] ~= ARGV[3] or st[3] ~= ARGV[4] then return { 'moved' } end
  if tonumber(ARGV[5]) <= tonumber(st[2]) then return { 'moved' } end
  redis.call('DEL', KEYS[3])
end
local now = now_ms()
redis.call('HSET', KEYS[1], 'run', run_id(), 'epoch', ARGV[5], 'version', ARGV[6], 'at', ARGV[7],
  'body', ARGV[8], 'deadline', ARGV[10], 'idle_ms', ARGV[11], 'attended', now,
  'counted', ARGV[7])
if ARGV[14] ~= '' then
  redis.call('HSET', KEYS[1], 'lease', now + tonumber(ARGV[14]))
else
  redis.call('HDEL', KEYS[1], 'lease')
end
for i = 16, #ARGV do redis.call('RPUSH', KEYS[3], ARGV[i]) end
list(ARGV[1], ARGV[12])
if ARGV[9] ~= '' then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1024, ARGV[5] .. '-' .. ARGV[6], 'commit', ARGV[9])
end
schedule(ARGV[1])
if ARGV[9] ~= '' then redis.call('PUBLISH', ARGV[13], '{"commit":' .. ARGV[9] .. '}') end
return { 'ok' }
