-- Writes a commit, and publishes it.
-- ARGV: 1 room, 2 epoch before, 3 version before, 4 version, 5 at, 6 body, 7 commit, 8 op or '',
--       9 deadline or '', 10 idle_ms or '', 11 listed, 12 '1' deletes, 13 channel, 14 lease: '' keeps,
--       '0' ends it, 15 '1' only if the lease is over, 16 how far apart the clocks may be, in ms,
--       17 at before
local is, st, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
-- Another commit at the same place has followed an older state that somebody has put back.
if st.epoch ~= ARGV[2] or st.version ~= ARGV[3] or st.at ~= ARGV[17] then return answer('moved') end
local now, at, apart = now_ms(), tonumber(ARGV[5]), tonumber(ARGV[16])
-- The room's own time never goes back.
if at < now - apart or at > now + apart and at ~= number(st.at) then
  return answer('clock')
end
if ARGV[15] == '1' and (number(st.lease) or 0) > now then return answer('moved') end
local message = '{"commit":' .. ARGV[7] .. '}'
if ARGV[12] == '1' then
  for i = 1, 6 do redis.call('DEL', KEYS[i]) end
  mend(7)
  redis.call('ZREM', KEYS[7], ARGV[1])
  list(ARGV[1], '0')
  redis.call('PUBLISH', ARGV[13], message)
  return answer('ok')
end
-- Without them, a repeated command could take effect twice.
if is_of_another_type(PROBES[3], KEYS[3]) then return answer('damaged', 'ops') end
-- What may fail comes first: a log that can't be mended.
append(ARGV[2] .. '-' .. ARGV[4], ARGV[7])
if ARGV[8] ~= '' then
  redis.call('RPUSH', KEYS[3], ARGV[8])
  redis.call('LTRIM', KEYS[3], -1024, -1)
end
redis.call('HSET', KEYS[1], 'version', ARGV[4], 'at', ARGV[5], 'body', ARGV[6],
  'deadline', ARGV[9], 'idle_ms', ARGV[10], 'listed', ARGV[11])
if ARGV[14] == '0' then
  redis.call('HDEL', KEYS[1], 'lease')
elseif ARGV[14] ~= '' then
  redis.call('HSET', KEYS[1], 'lease', ARGV[14])
end
list(ARGV[1], ARGV[11])
schedule(ARGV[1])
redis.call('PUBLISH', ARGV[13], message)
return answer('ok')
