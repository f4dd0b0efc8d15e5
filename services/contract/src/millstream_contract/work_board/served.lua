-- Notes how long an answer held its slot. The mean follows the last twenty or so.
--
-- KEYS  1 service time
-- ARGV  1 milliseconds   2 time to live in ms
local mean = tonumber(redis.call('GET', KEYS[1]))
if mean and not (mean >= 0 and mean <= 86400000) then mean = nil end
local new = mean and mean + (ARGV[1] - mean) / 10 or ARGV[1]
redis.call('SET', KEYS[1], new, 'PX', ARGV[2])
return 1
