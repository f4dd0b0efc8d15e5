-- Notes that a response waits for its turn in its conversation.
--
-- KEYS  1 leases   2 queued   3 turns
-- ARGV  1 response id   2 turn   3 conversation id   4 time to live in ms
-- Reply 1, or 0 when its turn has come meanwhile
if redis.call('ZSCORE', KEYS[2], ARGV[1]) or redis.call('ZSCORE', KEYS[1], ARGV[1] .. '/1') then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local place = ARGV[2] .. ' ' .. string.format('%d', now) .. ' ' .. ARGV[3]
redis.call('HSETNX', KEYS[3], ARGV[1], place)
redis.call('PEXPIRE', KEYS[3], ARGV[4])
return 1
