-- Writes a whole room, new or rebuilt.
-- ARGV: 1 room, 2 what must be there: 'absent', 'damaged' or the run that wrote it, 3 its epoch, or the
--       fingerprint of what is damaged, 4 its version, 5 epoch, 6 version, 7 at, 8 body, 9 commit or ''
--       for a new room, 10 deadline or '', 11 idle_ms or '', 12 listed, 13 channel, 14 lease_ms or '',
--       15 the life in which that was read, or '' for any, 16 the node's room clock in ms,
--       17… ops
if ARGV[15] ~= '' and ARGV[15] ~= life() then
  -- Redis has lost its data once more.
  return answer('moved')
end
local is, st = read_state()
if ARGV[2] == 'absent' then
  if is ~= 'absent' then return answer('moved') end
  -- What is left of an earlier room isn't part of this one.
  redis.call('DEL', KEYS[2], KEYS[3])
elseif ARGV[2] == 'damaged' then
  if fingerprint() ~= ARGV[3] then return answer('moved') end
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
else
  if st.run ~= ARGV[2] or st.epoch ~= ARGV[3] or st.version ~= ARGV[4] then return answer('moved') end
  if tonumber(ARGV[5]) <= tonumber(st.epoch) then return answer('moved') end
  redis.call('DEL', KEYS[3])
end
for i = 4, 6 do mend(i) end
local now = tonumber(ARGV[16])
redis.call('HSET', KEYS[1], 'run', run_id(), 'epoch', ARGV[5], 'version', ARGV[6], 'at', ARGV[7],
  'body', ARGV[8], 'deadline', ARGV[10], 'idle_ms', ARGV[11], 'attended', now,
  'counted', ARGV[7], 'listed', ARGV[12])
if ARGV[14] ~= '' then
  redis.call('HSET', KEYS[1], 'lease', now + tonumber(ARGV[14]))
else
  redis.call('HDEL', KEYS[1], 'lease')
end
for i = 17, #ARGV do redis.call('RPUSH', KEYS[3], ARGV[i]) end
list(ARGV[1], ARGV[12])
if ARGV[9] ~= '' then append(ARGV[5] .. '-' .. ARGV[6], ARGV[9]) end
schedule(ARGV[1])
if ARGV[9] ~= '' then redis.call('PUBLISH', ARGV[13], '{"commit":' .. ARGV[9] .. '}') end
return answer('ok')
