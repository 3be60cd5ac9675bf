-- Writes who connected to a node and who disconnected, and publishes it.
-- ARGV: 1 room, 2 node, 3 rtt_ms, 4 peak, 5 channel, 6 message, 7 whether nobody else is connected to the node,
--       8 how many disconnected, then these, then the participant and the entry of each who connected
local is, _, bad = read_state()
if is ~= 'ok' then return answer(is, bad or '') end
local lost = is_lost()
mend(6)
if ARGV[7] == '1' then forget(ARGV[2]) end
local went = tonumber(ARGV[8])
for i = 9, 8 + went do redis.call('HDEL', KEYS[6], ARGV[2] .. '|' .. ARGV[i]) end
for i = 9 + went, #ARGV, 2 do redis.call('HSET', KEYS[6], ARGV[2] .. '|' .. ARGV[i], ARGV[i + 1]) end
-- What is lost stays noted until somebody has told it again.
if not lost then note_told() end
local peak = number(redis.call('HGET', KEYS[1], 'peak')) or 0
if tonumber(ARGV[4]) > peak then redis.call('HSET', KEYS[1], 'peak', ARGV[4]) end
redis.call('HSET', KEYS[1], 'rtt:' .. ARGV[2], ARGV[3])
schedule(ARGV[1])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return answer('ok')
