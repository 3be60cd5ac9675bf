-- Lets the room clock go on as it did, though the clock of this Redis was set.
-- KEYS: 1 clock, 2 alive, 3 outages
-- ARGV: 1 offset in microseconds and 2 witness that the node has seen, 3 the offset from now on, 4 the room
--       clock in ms when the node first heard of another, 5 for how long it had had no answer then, in ms,
--       6 from how long on that is an outage
local clock = redis.call('HMGET', KEYS[1], 'offset_us', 'witness')
if (clock[1] or '0') ~= ARGV[1] or (clock[2] or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'offset_us', ARGV[3])
redis.call('PEXPIRE', KEYS[1], KEEP_MS)
-- Heartbeats that came meanwhile were noted at another time, and may have looked like the end of an outage.
-- A true one ended with the first of them.
local now = math.floor(now_us(tonumber(ARGV[3])) / 1000)
for _, node in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do redis.call('ZADD', KEYS[2], now, node) end
local outages = {}
for ended, length in string.gmatch(redis.call('GET', KEYS[3]) or '', '(%d+):(%d+)') do
  if tonumber(ended) < tonumber(ARGV[4]) then outages[#outages + 1] = ended .. ':' .. length end
end
if tonumber(ARGV[5]) >= tonumber(ARGV[6]) then outages[#outages + 1] = ARGV[4] .. ':' .. ARGV[5] end
redis.call('DEL', KEYS[3])
if #outages > 0 then redis.call('SET', KEYS[3], table.concat(outages, ','), 'PX', KEEP_MS) end
return 1
