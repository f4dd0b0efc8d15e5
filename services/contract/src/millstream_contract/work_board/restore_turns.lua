-- Makes those that wait for their turn what the ledger says.
--
-- KEYS  1 leases   2 queued   3 turns
-- ARGV  1 whether the list is whole   2 who came less than so many ms ago may be missing in it
--       3 time to live in ms   4.. for each response: its id, turn and conversation
-- Reply how many wait
--
-- The list is older than what happened here since it was read: whose turn has come in between stays
-- where it is, and who has only just come is left in.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local listed = {}
for i = 4, #ARGV, 3 do
  local response = ARGV[i]
  listed[response] = true
  if not redis.call('ZSCORE', KEYS[2], response)
    and not redis.call('ZSCORE', KEYS[1], response .. '/1') then
    local place = ARGV[i + 1] .. ' ' .. string.format('%d', now) .. ' ' .. ARGV[i + 2]
    redis.call('HSETNX', KEYS[3], response, place)
  end
end
if ARGV[1] == '1' then
  local held = redis.call('HGETALL', KEYS[3])
  for i = 1, #held, 2 do
    local since = tonumber(string.match(held[i + 1], '^%d+ (%d+) ')) or 0
    -- Who waits since a later time than now was put there by somebody else.
    if not listed[held[i]] and math.abs(now - since) >= tonumber(ARGV[2]) then
      redis.call('HDEL', KEYS[3], held[i])
    end
  end
end
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return redis.call('HLEN', KEYS[3])
