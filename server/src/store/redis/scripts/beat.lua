-- Records a heartbeat.
-- KEYS: 1 alive, 2 database, 3 outages
-- ARGV: 1 node, 2 database, 3 age in ms at which a node is dead, 4 the node's last heartbeat, or '0',
--       5 silence of all nodes in ms that is an outage, 6 until when every room has counted outages, or ''
local OUTAGES_MAX = 32
for i, probe in ipairs({ 'ZCARD', 'STRLEN', 'STRLEN' }) do
  if is_of_another_type(probe, KEYS[i]) then redis.call('DEL', KEYS[i]) end
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local was_there = redis.call('SET', KEYS[2], ARGV[2], 'NX') and 0 or 1
redis.call('PEXPIRE', KEYS[2], KEEP_MS)
-- Each for itself: a room may have counted the earlier ones.
local before, outages = redis.call('GET', KEYS[3]) or '', {}
for ended, length in string.gmatch(before, '(%d+):(%d+)') do
  if tonumber(ended) > (tonumber(ARGV[6]) or 0) then outages[#outages + 1] = ended .. ':' .. length end
end
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local heard = math.max(tonumber(newest[2] or '0'), tonumber(ARGV[4]))
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
return { tostring(t[1]), tostring(t[2]), run_id(), redis.call('GET', KEYS[2]), was_there, late, alive,
  recorded }
