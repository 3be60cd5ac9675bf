-- Counts an outage: the time since somebody was connected doesn't include it.
-- ARGV: 1 room, 2 when the outage ended, 3 its length in ms, 4 '1' if no deadline of the room moves with it
local st = redis.call('HMGET', KEYS[1], 'run', 'counted', 'deadline', 'attended')
local standing = standing(st[1])
if standing ~= 'ok' then return { standing } end
if tonumber(st[2] or '0') >= tonumber(ARGV[2]) then return { 'counted' } end
if ARGV[4] ~= '1' and st[3] and st[3] ~= '' then return { 'deadline' } end
local attended = tonumber(st[4] or '')
if attended then
  redis.call('HSET', KEYS[1], 'attended', math.min(now_ms(), attended + tonumber(ARGV[3])))
end
redis.call('HSET', KEYS[1], 'counted', ARGV[2])
schedule(ARGV[1])
return { 'ok' }
