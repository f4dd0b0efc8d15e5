-- Lets a question in, or tells how long the line is: then nothing is noted.
--
-- KEYS  1 queued   2 leases   3 slots   4 service time   5 admissions   6 turns
-- ARGV  1 token   2 most in line   3 longest predicted wait in ms   4 life of an admission in ms
--       5 time to live in ms
-- Reply {1, waiting, predicted wait in ms, mean service time in ms, pace in ms}   let in
--       {0, ..., ..., ..., ...}   the line is full: the same figures
--
-- An admission counts as one in line until the question is there: many that come at once cannot all
-- see the last free place. Without any announced slot (no worker lives) no wait can be predicted, and
-- only the length of the line counts.
--
-- Who waits for a turn in a conversation takes a place, but comes into line behind whoever comes now:
-- nobody's predicted wait is longer for it. The pace is how long it takes until one fewer waits.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now)
-- No admission is for so long.
redis.call('ZREMRANGEBYSCORE', KEYS[5], now + ARGV[5], '+inf')
local in_line = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[5])
local slots = 0
for _, worker in ipairs(redis.call('ZRANGE', KEYS[3], now, '+inf', 'BYSCORE')) do
  local given = string.match(worker, '/(%d%d?%d?%d?)$')
  if given then slots = slots + tonumber(given) else redis.call('ZREM', KEYS[3], worker) end
end
local mean = tonumber(redis.call('GET', KEYS[4])) or 0
-- Neither a number below nothing, nor one beyond a day, nor none is a time.
if not (mean >= 0 and mean <= 86400000) then mean = 0 end
local busy = in_line + redis.call('ZCARD', KEYS[2])
local wait = 0
if slots > 0 then wait = math.floor(math.max(0, busy - slots) * mean / slots) end
local pace = math.ceil(mean / math.max(1, math.min(slots, busy)))
local waiting = in_line + redis.call('HLEN', KEYS[6])
local figures = {1, waiting, wait, math.floor(mean), pace}
if waiting >= tonumber(ARGV[2]) or wait > tonumber(ARGV[3]) then
  figures[1] = 0
  return figures
end
redis.call('ZADD', KEYS[5], now + ARGV[4], ARGV[1])
redis.call('PEXPIRE', KEYS[5], ARGV[5])
return figures
