-- Claims rooms that are due.
-- KEYS: due of each shard; ARGV: 1 most rooms of each, 2 for how long other nodes leave them alone, in ms,
-- 3 the node's room clock in ms
local now = tonumber(ARGV[3])
local claimed = {}
for _, key in ipairs(KEYS) do
  -- A key of another type is replaced at the next change of a room of the shard.
  local due = redis.pcall('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, ARGV[1])
  if due.err and not is_of_another_type('ZCARD', key) then return due end
  for _, room in ipairs(due) do
    redis.call('ZADD', key, now + ARGV[2], room)
    claimed[#claimed + 1] = room
  end
end
return claimed
