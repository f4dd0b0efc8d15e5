-- Notes how many answers a worker makes at a time, for as long as it goes on saying so.
--
-- KEYS  1 slots
-- ARGV  1 worker   2 slots   3 duration in ms   4 time to live in ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
-- No worker says it for so long.
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + ARGV[4], '+inf')
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1] .. '/' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
