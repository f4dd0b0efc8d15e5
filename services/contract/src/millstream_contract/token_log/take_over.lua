-- Gives a token log to an attempt: from here on, no earlier attempt can write to it.
--
-- KEYS  1 log   2 state
-- ARGV  1 attempt   2 time to live in ms
-- Reply {'ok', count, stop}   the attempt holds the log, which has `count` frames
--       {'fenced', attempt}   a later attempt holds it
local attempt = tonumber(ARGV[1])
local state = redis.call('HMGET', KEYS[2], 'attempt', 'count', 'stop')
local holder, count = tonumber(state[1]), tonumber(state[2])
if not count then
  -- The state is gone (evicted, or never was): the log's last id tells both.
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  holder, count = 0, 0
  if #last > 0 then
    local a, o = string.match(last[1][1], '^(%d+)-(%d+)$')
    holder, count = tonumber(a), tonumber(o)
  end
end
if (holder or 0) > attempt then return {'fenced', holder} end
redis.call('HSET', KEYS[2], 'attempt', attempt, 'count', count)
-- Both, or the log might end before its state, which would then tell of frames that are gone.
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {'ok', count, tonumber(state[3]) or 0}
