-- Renews leases. One that is not there is not renewed: somebody found it expired.
--
-- KEYS  1 leases
-- ARGV  1 duration in ms   2 time to live in ms   3.. leases
-- Reply the leases that are lost
local time = redis.call('TIME')
local expiry = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
local lost = {}
for i = 3, #ARGV do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], 'XX', expiry, ARGV[i])
  else
    lost[#lost + 1] = ARGV[i]
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return lost
