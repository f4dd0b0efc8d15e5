-- Finds leases that have expired, and puts their responses back in line, each found by one caller.
--
-- KEYS  1 leases   2 queued   3 pulse
-- ARGV  1 most leases to find   2 longest silence of the pulse in ms   3 time to live in ms
-- Reply the expired leases
--
-- The pulse is when somebody last looked. After a longer silence (Redis was down, frozen or cut off
-- from everybody) nobody could renew either: all leases are then extended by as long as that took.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local pulse = tonumber(redis.call('GET', KEYS[3]))
redis.call('SET', KEYS[3], now, 'PX', ARGV[3])
if pulse and now - pulse > tonumber(ARGV[2]) then
  local all = redis.call('ZRANGE', KEYS[1], 0, -1)
  for _, lease in ipairs(all) do redis.call('ZINCRBY', KEYS[1], now - pulse, lease) end
  return {}
end
local expired = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, lease in ipairs(expired) do
  redis.call('ZREM', KEYS[1], lease)
  redis.call('ZADD', KEYS[2], now, (string.gsub(lease, '/%d+$', '')))
end
if #expired > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
return expired
