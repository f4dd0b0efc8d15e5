-- Notes that a worker holds an attempt: it waits no longer, and its lease begins.
-- Leases of earlier attempts end: found expired later, they would bring a live one into line again.
--
-- KEYS  1 leases   2 queued   3 turns
-- ARGV  1 response id   2 attempt   3 duration in ms   4 time to live in ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
for earlier = 1, ARGV[2] - 1 do redis.call('ZREM', KEYS[1], ARGV[1] .. '/' .. earlier) end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1] .. '/' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
