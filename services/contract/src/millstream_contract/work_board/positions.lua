-- Tells those in line their positions, on their live channels. Nothing is logged.
--
-- KEYS  1 queued   2 arrivals   3 positions told   4 turns
-- ARGV  1 ms until somebody may do so again   2 who came less than so many ms ago is not told
--       3 what stands before the position   4 what stands behind it   5 time to live in ms
--       6, 7 what stands before and behind a position in a conversation
-- Reply how many were told
--
-- In `queued`, who was sent again counts as having come just then; `arrivals` remembers since when
-- each was really seen there. Who waits for a turn has a position among those of its conversation, and
-- is told it at once: with a free worker it still waits.
-- Told positions that stay so for longer, or for ever, are none of ours.
local left = redis.call('PTTL', KEYS[3])
if left >= 0 and left <= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[3], 1, 'PX', ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local queued, waits = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), {}
for i = 1, #queued, 2 do
  waits[queued[i]] = true
  redis.call('ZADD', KEYS[2], 'NX', queued[i + 1], queued[i])
end
local arrivals = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
local position, told = 0, 0
for i = 1, #arrivals, 2 do
  local response = arrivals[i]
  if not waits[response] then
    redis.call('ZREM', KEYS[2], response)
  else
    position = position + 1
    if now - tonumber(arrivals[i + 1]) >= tonumber(ARGV[2]) then
      local channel = 'millstream:{' .. response .. '}:live'
      redis.call('PUBLISH', channel, ARGV[3] .. position .. ARGV[4])
      told = told + 1
    end
  end
end
if position > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
local held, conversations = redis.call('HGETALL', KEYS[4]), {}
for i = 1, #held, 2 do
  local turn, conversation = string.match(held[i + 1], '^(%d+) %d+ (.+)$')
  if turn then
    local line = conversations[conversation] or {}
    line[#line + 1] = {turn = tonumber(turn), response = held[i]}
    conversations[conversation] = line
  end
end
for _, line in pairs(conversations) do
  table.sort(line, function(one, other) return one.turn < other.turn end)
  for place, one in ipairs(line) do
    redis.call('PUBLISH', 'millstream:{' .. one.response .. '}:live', ARGV[6] .. place .. ARGV[7])
    told = told + 1
  end
end
return told
