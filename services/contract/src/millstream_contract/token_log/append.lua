-- Appends frames to a token log and publishes the same bytes, in one step.
--
-- KEYS  1 log   2 state
-- ARGV  1 live channel   2 attempt   3 ordinal of the first frame (sequence number + 1)
--       4 time to live in ms   5 1: publish Redis' time with them   6.. frames
-- Reply {'ok', count, stop}   appended; stop is 1 when a stop was asked for
--       {'fenced', attempt}   a later attempt holds the log: nothing was written
--       {'gap', count}        frames after the first `count` are missing here (Redis lost them, or
--                             all), or a reader found a hole: nothing was written; take over, look
--                             at what the log holds, then send what is missing
local attempt, first = tonumber(ARGV[2]), tonumber(ARGV[3])
local state = redis.call('HMGET', KEYS[2], 'attempt', 'count', 'stop', 'base', 'look')
local holder, count = tonumber(state[1]) or 0, tonumber(state[2]) or 0
local base = tonumber(state[4]) or 0

if count > base and redis.call('EXISTS', KEYS[1]) == 0 then count = base end
if holder > attempt then return {'fenced', holder} end
if holder < attempt or first > count + 1 or state[5] then return {'gap', count} end

local time = redis.call('TIME')
local fresh = {}
-- What a repeated call (its first reply was lost) has already written is passed over.
for i = 6 + (count + 1 - first), #ARGV do
  local ordinal = first + i - 6
  -- The explicit id is the second fence: Redis refuses one that does not come after the last.
  redis.call('XADD', KEYS[1], ARGV[2] .. '-' .. ordinal, 'f', ARGV[i])
  fresh[#fresh + 1] = ARGV[i]
  count = ordinal
end
local written_at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], 'attempt', attempt, 'count', count, 'written_at', written_at)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if #fresh > 0 then
  local message = table.concat(fresh)
  if ARGV[5] == '1' then
    message = string.format(': %d.%06d\n', time[1], time[2]) .. message
  end
  redis.call('PUBLISH', ARGV[1], message)
end
return {'ok', count, tonumber(state[3]) or 0}
