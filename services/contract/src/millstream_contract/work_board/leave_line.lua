-- Takes a response out of line, if a worker holds it.
--
-- KEYS  1 leases   2 queued
-- ARGV  1 response id   2 lease that a worker would hold
-- Reply 1 when it is held
if not redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
