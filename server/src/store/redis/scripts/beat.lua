-- Records a heartbeat.
-- KEYS: 1 alive, 2 database, 3 outages, 4 clock
-- ARGV: 1 node, 2 database, 3 age in ms at which a node is dead, 4 the time of this Redis in ms when
--       it last answered the node, or '0', 5 silence of all nodes in ms that is an outage, 6 until
--       when every room has counted outages, or '', 7 the last time of this Redis that agreed with the
--       node's room clock in microseconds, or '' if the last one didn't or the node can't judge
local OUTAGES_MAX = 32
-- How old an agreement may be that counts.
local WITNESS_US = 1200000
-- Where memory is full, Redis refuses commits, but of this script only its first write. This one changes nothing.
local written = redis.pcall('ZADD', KEYS[1], 'XX', 0, '')
if type(written) == 'table' and string.find(written.err or '', 'OOM', 1, true) then return written end
for i, probe in ipairs({ 'ZCARD', 'STRLEN', 'STRLEN', 'HLEN' }) do
  if is_of_another_type(probe, KEYS[i]) then redis.call('DEL', KEYS[i]) end
end
local raw_us = now_us(0)
-- A node that was away may have agreed with what the clock was before it was set.
local agreed_us = tonumber(ARGV[7])
if agreed_us and raw_us >= agreed_us and raw_us - agreed_us <= WITNESS_US then
  redis.call('HSET', KEYS[4], 'witness', ARGV[1] .. ':' .. ARGV[7])
end
local clock = redis.call('HMGET', KEYS[4], 'offset_us', 'witness')
local offset_us = clock[1] or '0'
local is_number = #offset_us <= 17 and (offset_us == '0' or string.find(offset_us, '^%-?[1-9]%d*$'))
if not is_number or raw_us + offset_us < 0 then
  redis.call('DEL', KEYS[4])
  offset_us = '0'
end
redis.call('PEXPIRE', KEYS[4], KEEP_MS)
local now = math.floor((raw_us + offset_us) / 1000)
local answered = tonumber(ARGV[4])
-- A value that is no database's id was written by hand. A node that has been served here puts its own back.
local database = redis.call('GET', KEYS[2])
if database and answered > 0 and not string.find(database, '^d_%w+$') then
  redis.call('SET', KEYS[2], ARGV[2])
end
local was_there = redis.call('SET', KEYS[2], ARGV[2], 'NX') and 0 or 1
redis.call('PEXPIRE', KEYS[2], KEEP_MS)
-- Each for itself: a room may have counted the earlier ones.
local before, outages = redis.call('GET', KEYS[3]) or '', {}
for ended, length in string.gmatch(before, '(%d+):(%d+)') do
  if tonumber(ended) > (tonumber(ARGV[6]) or 0) then outages[#outages + 1] = ended .. ':' .. length end
end
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local heard = math.max(tonumber(newest[2] or '0'), answered > 0 and now - raw_us / 1000 + answered or 0)
-- If the clock was set forward instead, nobody counts it (`steer.lua`).
if heard > 0 and now - heard >= tonumber(ARGV[5]) then
  outages[#outages + 1] = string.format('%.0f:%.0f', now, now - heard)
  if #outages > OUTAGES_MAX then table.remove(outages, 1) end
end
local recorded = table.concat(outages, ',')
if recorded == '' then
  redis.call('DEL', KEYS[3])
elseif recorded ~= before then
  redis.call('SET', KEYS[3], recorded, 'PX', KEEP_MS)
end
local last = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
local late = now - last > tonumber(ARGV[3]) and 1 or 0
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], KEEP_MS)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - KEEP_MS)
local alive = redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[3], '+inf')
return { string.format('%.0f', raw_us), offset_us, clock[2] or '', run_id(), redis.call('GET', KEYS[2]),
  was_there, late, alive, recorded }
