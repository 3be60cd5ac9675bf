-- Adds a member.
-- ARGV: 1 room, 2 participant, 3 member, 4 most members, 5 the node's room clock in microseconds,
--       6… members who may make way
local is, _, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
for i = 4, 6 do mend(i) end
if redis.call('HEXISTS', KEYS[4], ARGV[2]) == 0 then
  local surplus = redis.call('HLEN', KEYS[4]) + 1 - tonumber(ARGV[4])
  if surplus > 0 then
    local here = {}
    for _, field in ipairs(redis.call('HKEYS', KEYS[6])) do
      here[string.match(field, '|(.*)$') or ''] = true
    end
    local gone = {}
    for i = 6, #ARGV do
      local id = ARGV[i]
      if #gone < surplus and not here[id] and redis.call('HEXISTS', KEYS[4], id) == 1 then
        gone[#gone + 1] = id
      end
    end
    if #gone < surplus then return answer('full') end
    for _, id in ipairs(gone) do
      redis.call('HDEL', KEYS[4], id)
      redis.call('ZREM', KEYS[5], id)
    end
  end
end
redis.call('HSET', KEYS[4], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[5], ARGV[5], ARGV[2])
schedule(ARGV[1])
return answer('ok')
