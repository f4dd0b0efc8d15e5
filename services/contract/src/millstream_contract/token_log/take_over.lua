-- Gives a token log to an attempt: from here on, no earlier attempt can write to it.
--
-- KEYS  1 log   2 state
-- ARGV  1 attempt   2 time to live in ms   3 least count: the numbers below it count as used
--       4 1: begin it anew, whoever holds it: what it holds is not to be trusted
-- Reply {'ok', count, stop}   the attempt holds the log; its next frame is number `count`
--       {'fenced', attempt}   a later attempt holds it
local attempt = tonumber(ARGV[1])
if ARGV[4] == '1' then
  redis.call('DEL', KEYS[1])
  redis.call('HDEL', KEYS[2], 'attempt', 'count', 'base', 'written_at')
end
local state = redis.call('HMGET', KEYS[2], 'attempt', 'stop')
local holder, count = tonumber(state[1]) or 0, 0
-- Either key may be gone without the other: the log's last id tells how much there really is.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 then
  local writer, ordinal = string.match(last[1][1], '^(%d+)-(%d+)$')
  -- No more than a reply can tell exactly.
  holder, count = math.max(holder, tonumber(writer)), math.min(tonumber(ordinal), 2^53)
end
if holder > attempt then return {'fenced', holder} end
count = math.max(count, tonumber(ARGV[3]))
redis.call('HSET', KEYS[2], 'attempt', attempt, 'count', count, 'base', ARGV[3])
-- Who takes it over looks at what it holds.
redis.call('HDEL', KEYS[2], 'look')
-- Both keys, or the log might end before its state, which would then tell of frames that are gone.
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {'ok', count, tonumber(state[2]) or 0}
