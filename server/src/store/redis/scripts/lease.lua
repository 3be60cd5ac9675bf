-- Renews or ends the host's lease.
-- ARGV: 1 room, 2 when the lease ends, or '0' for now
local is, _, field = read_state()
if is ~= 'ok' then return answer(is, field or '') end
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], 'lease')
else
  redis.call('HSET', KEYS[1], 'lease', ARGV[2])
end
schedule(ARGV[1])
return answer('ok')
