-- Lists leases that were not renewed in time. It takes none of them away: see expire.lua.
--
-- KEYS  1 leases   2 pulse
-- ARGV  1 most leases to list   2 longest silence of the pulse in ms   3 time to live in ms
-- Reply the late leases
--
-- The pulse is when somebody last looked. After a longer silence (Redis was down, frozen or cut off
-- from everybody) nobody could renew either: all leases are then extended by as long as that took.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local pulse = tonumber(redis.call('GET', KEYS[2]))
redis.call('SET', KEYS[2], now, 'PX', ARGV[3])
-- A pulse does not live for so long, and no lease is for so long: that was somebody else.
local day = tonumber(ARGV[3])
for _, lease in ipairs(redis.call('ZRANGE', KEYS[1], now + day, '+inf', 'BYSCORE')) do
  redis.call('ZADD', KEYS[1], 'XX', now, lease)
end
if pulse and now - pulse > tonumber(ARGV[2]) and now - pulse <= day then
  local all = redis.call('ZRANGE', KEYS[1], 0, -1)
  for _, lease in ipairs(all) do redis.call('ZINCRBY', KEYS[1], now - pulse, lease) end
  return {}
end
return redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
