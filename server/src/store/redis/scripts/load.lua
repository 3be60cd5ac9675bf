-- Reads the newest state.
-- ARGV: 1 epoch, 2 version and 3 at that the caller knows, or '', 4 a random word, 5 '1' if what is there
--       can't be decoded
local is, st, field = read_state()
if is == 'absent' then return answer(is, life(ARGV[4])) end
if is == 'ok' and st.epoch == ARGV[1] and st.version == ARGV[2] and st.at == ARGV[3] then return answer('same') end
if is ~= 'damaged' and ARGV[5] == '1' then is, field = 'damaged', 'body' end
local body, ops = '', {}
if field ~= 'type' then body = redis.call('HGET', KEYS[1], 'body') or '' end
if not is_of_another_type(PROBES[3], KEYS[3]) then
  ops = redis.call('LRANGE', KEYS[3], 0, -1)
else
  is, field = 'damaged', 'ops'
end
if is == 'ok' then return answer(is, st.epoch, st.version, body, ops) end
-- A rebuild is written only to the same process in the same life.
if is == 'stale' then return answer(is, st.epoch, st.version, body, ops, life(ARGV[4]), st.run) end
return answer(is, field, body, ops, life(ARGV[4]), fingerprint())
