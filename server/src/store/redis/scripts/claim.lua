-- Claims rooms that are due.
-- KEYS: due of each shard; ARGV: 1 most rooms of each, 2 for how long other nodes leave them alone, in ms
local now = now_ms()
local claimed = {}
for _, key in ipairs(KEYS) do
  for _, room in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, ARGV[1])) do
    redis.call('ZADD', key, now + ARGV[2], room)
    claimed[#claimed + 1] = room
  end
end
return claimed
