-- Puts what the ledger knows as unfinished back on the board, where it is missing.
--
-- KEYS  1 leases   2 queued   3 turns
-- ARGV  1 duration of a lease in ms   2 time to live in ms
--       3.. for each response: its id, and its lease ('' when no attempt has begun)
-- Reply the responses that were put in line and need a message
--
-- A begun attempt gets a lease as if its worker had just renewed it: if the worker lives, it does
-- so; if not, the lease expires like any other.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local queued = {}
for i = 3, #ARGV, 2 do
  local response, lease = ARGV[i], ARGV[i + 1]
  redis.call('HDEL', KEYS[3], response)
  if not redis.call('ZSCORE', KEYS[2], response) then
    if lease ~= '' then
      redis.call('ZADD', KEYS[1], 'NX', now + ARGV[1], lease)
    else
      redis.call('ZADD', KEYS[2], now, response)
      queued[#queued + 1] = response
    end
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return queued
