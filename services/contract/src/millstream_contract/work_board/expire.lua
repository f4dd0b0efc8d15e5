-- Takes late leases away and puts their responses back in line, each found by one caller. An attempt
-- that has written within the duration of a lease lives: its lease goes on from that write.
--
-- KEYS  1 leases   2 queued
-- ARGV  1 duration of a lease in ms   2 time to live in ms
--       3.. of each lease: the lease, and the age of its attempt's last write in ms (-1: none)
-- Reply the leases that were taken away
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local duration = tonumber(ARGV[1])
local expired = {}
for i = 3, #ARGV, 2 do
  local lease, age = ARGV[i], tonumber(ARGV[i + 1])
  local expiry = tonumber(redis.call('ZSCORE', KEYS[1], lease))
  if expiry and expiry <= now then
    if age >= 0 and age < duration then
      redis.call('ZADD', KEYS[1], 'XX', now - age + duration, lease)
    else
      redis.call('ZREM', KEYS[1], lease)
      redis.call('ZADD', KEYS[2], now, (string.gsub(lease, '/%d+$', '')))
      expired[#expired + 1] = lease
    end
  end
end
if #expired > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return expired
