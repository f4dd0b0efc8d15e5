-- Puts a response in line: it waits for a worker from now on. Takes an attempt's lease off.
--
-- KEYS  1 leases   2 queued   3 turns
-- ARGV  1 response id   2 lease to give up ('' for none)   3 time to live in ms
local time = redis.call('TIME')
if ARGV[2] ~= '' then redis.call('ZREM', KEYS[1], ARGV[2]) end
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
