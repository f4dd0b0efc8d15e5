-- Finds responses that have waited so long that their message must be lost; each by one caller.
--
-- KEYS  1 queued
-- ARGV  1 age in ms   2 most responses to find
-- Reply the responses; they count as put in line just now
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Who is in line since tomorrow was put there by somebody else, and would never be found.
for _, response in ipairs(redis.call('ZRANGE', KEYS[1], now + 60000, '+inf', 'BYSCORE')) do
  redis.call('ZADD', KEYS[1], 'XX', now, response)
end
local overdue = redis.call('ZRANGE', KEYS[1], '-inf', now - ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, response in ipairs(overdue) do redis.call('ZADD', KEYS[1], 'XX', now, response) end
return overdue
