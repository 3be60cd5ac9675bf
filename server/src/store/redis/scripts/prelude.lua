-- KEYS of a room: 1 state, 2 log, 3 ops, 4 members, 5 joined, 6 present, 7 due, 8 public,
-- 9 life
local KEEP_MS = 3888000000
-- How long the nodes may take to tell again who is connected.
local ASKED_MS = 2000
local NAMES = { 'state', 'log', 'ops', 'members', 'joined', 'present', 'due', 'public', 'life' }
-- What only a key of the right type answers.
local PROBES = { 'HLEN', 'XLEN', 'LLEN', 'HLEN', 'ZCARD', 'HLEN', 'ZCARD', 'SCARD', 'STRLEN' }
local FIELDS = { 'run', 'epoch', 'version', 'at', 'deadline', 'idle_ms', 'lease', 'attended', 'counted', 'listed' }
-- The keys that were replaced.
local mended = {}

-- The room clock minus this Redis' own, in microseconds: every script's last argument.
local OFFSET_US = tonumber(table.remove(ARGV))

local function now_us(offset_us)
  local t = redis.call('TIME')
  return t[1] * 1000000 + t[2] + (offset_us or OFFSET_US)
end

local function now_ms()
  return math.floor(now_us() / 1000)
end

local function run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- Returns the number that a text spells exactly, else nil: 'nan', '1e9' and '007' are none.
local function number(text)
  if text == '0' or (text and #text <= 15 and string.find(text, '^[1-9]%d*$')) then return tonumber(text) end
end

local function is_of_another_type(probe, key)
  local reply = redis.pcall(probe, key)
  return type(reply) == 'table' and string.find(reply.err or '', 'WRONGTYPE', 1, true) ~= nil
end

-- Has the nodes asked to tell again who is connected, unless they were asked a moment ago and are doing so.
local function ask_who_is_connected()
  local now = now_ms()
  local asked = number(redis.call('HGET', KEYS[1], 'asked'))
  if asked and asked <= now and now - asked < ASKED_MS then return end
  redis.call('HSET', KEYS[1], 'asked', now)
  mended[#mended + 1] = NAMES[6]
end

-- Deletes a key of another type, with which nothing could be done.
local function mend(i)
  if not is_of_another_type(PROBES[i], KEYS[i]) then return end
  redis.call('DEL', KEYS[i])
  if i == 6 and redis.pcall('HEXISTS', KEYS[1], 'run') == 1 then return ask_who_is_connected() end
  mended[#mended + 1] = NAMES[i]
end

-- Answers with a status, which also names the keys that were replaced, and values.
local function answer(status, ...)
  if #mended > 0 then status = status .. ' ' .. table.concat(mended, ',') end
  return { status, ... }
end

-- Reads the state. Returns 'ok' if the running process wrote it, else 'stale', 'absent' or 'damaged'; its
-- fields; and which of them is damaged.
local function read_state()
  local values = redis.pcall('HMGET', KEYS[1], unpack(FIELDS))
  if values.err then
    if is_of_another_type(PROBES[1], KEYS[1]) then return 'damaged', {}, 'type' end
    error(values.err)
  end
  local st = {}
  for i, name in ipairs(FIELDS) do st[name] = values[i] end
  if not st.run then
    if st.epoch or st.version then return 'damaged', st, 'run' end
    return 'absent', st
  end
  for i = 2, 4 do
    if not number(values[i]) then return 'damaged', st, FIELDS[i] end
  end
  for i = 5, 9 do
    if values[i] and values[i] ~= '' and not number(values[i]) then return 'damaged', st, FIELDS[i] end
  end
  if st.run ~= run_id() then return 'stale', st end
  return 'ok', st
end

-- Returns a word for exactly the state that is there, readable or not.
local function fingerprint()
  local values = redis.pcall('HMGET', KEYS[1], 'run', 'epoch', 'version', 'body')
  if values.err then return 'type' end
  local parts = {}
  for i = 1, 4 do parts[i] = values[i] and #values[i] .. ':' .. values[i] or '-' end
  return redis.sha1hex(table.concat(parts))
end

-- Names the life of Redis, which ends when it restarts or is emptied. A new one gets `word`, if given.
local function life(word)
  mend(9)
  if word then
    redis.call('SET', KEYS[9], word, 'NX')
    redis.call('PEXPIRE', KEYS[9], KEEP_MS)
  end
  return run_id() .. ':' .. (redis.call('GET', KEYS[9]) or '')
end

-- Appends a commit to the log. A log that is ahead is of no use, and begins anew.
local function append(id, commit)
  mend(2)
  local reply = redis.pcall('XADD', KEYS[2], 'MAXLEN', '~', 1024, id, 'commit', commit)
  if type(reply) ~= 'table' or not reply.err then return end
  if not string.find(reply.err, ' ID', 1, true) then error(reply.err) end
  redis.call('DEL', KEYS[2])
  mended[#mended + 1] = NAMES[2]
  redis.call('XADD', KEYS[2], id, 'commit', commit)
end

-- Notes in the state whether anybody is told to be connected, so that it shows if that is lost.
local function note_told()
  if redis.call('HLEN', KEYS[6]) > 0 then
    redis.call('HSET', KEYS[1], 'told', 1)
  else
    redis.call('HDEL', KEYS[1], 'told')
  end
end

-- Deletes who is connected to a node.
local function forget(node)
  local prefix = node .. '|'
  for _, field in ipairs(redis.call('HKEYS', KEYS[6])) do
    if string.sub(field, 1, #prefix) == prefix then redis.call('HDEL', KEYS[6], field) end
  end
end

-- Returns whether who is connected was told and is gone, since Redis has evicted it or somebody has deleted it. It
-- is asked for again.
local function is_lost()
  local was_told = redis.pcall('HEXISTS', KEYS[1], 'told') == 1
  if not was_told or redis.call('EXISTS', KEYS[6]) == 1 then return false end
  ask_who_is_connected()
  return true
end

-- Schedules when the room must be looked at next, and lets all its keys expire.
local function schedule(room)
  mend(7)
  local st = redis.call('HMGET', KEYS[1], 'deadline', 'lease', 'attended', 'idle_ms')
  local due = nil
  local function soonest(at)
    if at and (not due or at < due) then due = at end
  end
  soonest(number(st[1]))
  soonest(number(st[2]))
  local attended, idle = number(st[3]), number(st[4])
  if attended and idle then soonest(attended + idle) end
  if due then redis.call('ZADD', KEYS[7], due, room) else redis.call('ZREM', KEYS[7], room) end
  for i = 1, 8 do redis.call('PEXPIRE', KEYS[i], KEEP_MS) end
end

local function list(room, listed)
  mend(8)
  if listed == '1' then redis.call('SADD', KEYS[8], room) else redis.call('SREM', KEYS[8], room) end
end

