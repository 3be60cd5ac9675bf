-- KEYS of a room: 1 state, 2 log, 3 ops, 4 members, 5 joined, 6 present, 7 due, 8 public,
-- 9 life
local KEEP_MS = 172800000

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- Returns 'ok' if the running process wrote the room, else 'stale' or 'absent'.
local function standing(run)
  if not run then return 'absent' end
  if run ~= run_id() then return 'stale' end
  return 'ok'
end

-- Schedules when the room must be looked at next, and lets all its keys expire.
local function schedule(room)
  local st = redis.call('HMGET', KEYS[1], 'deadline', 'lease', 'attended', 'idle_ms')
  local due = nil
  local function soonest(at)
    if at and (not due or at < due) then due = at end
  end
  soonest(tonumber(st[1] or ''))
  soonest(tonumber(st[2] or ''))
  local attended, idle = tonumber(st[3] or ''), tonumber(st[4] or '')
  if attended and idle then soonest(attended + idle) end
  if due then redis.call('ZADD', KEYS[7], due, room) else redis.call('ZREM', KEYS[7], room) end
  for i = 1, 8 do redis.call('PEXPIRE', KEYS[i], KEEP_MS) end
end

local function list(room, listed)
  if listed == '1' then redis.call('SADD', KEYS[8], room) else redis.call('SREM', KEYS[8], room) end
end

