-- Reads the frames of a token log that come after a cursor, in order, over all attempts.
--
-- KEYS  1 log
-- ARGV  1 ordinal of the last frame that the reader has (0: none)   2 most frames to return
-- Reply a list of {id, frame}
--
-- An id is `<attempt>-<ordinal>`. Ordinals rise over all attempts, so each attempt is asked for its
-- own part behind the cursor: work is for what is returned, not for the length of the log.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last == 0 then return {} end
local newest = tonumber(string.match(last[1][1], '^(%d+)-'))
local room, found = tonumber(ARGV[2]), {}
for attempt = 0, newest do
  if room <= 0 then break end
  local part = redis.call('XRANGE', KEYS[1], '(' .. attempt .. '-' .. ARGV[1], attempt, 'COUNT', room)
  for _, entry in ipairs(part) do
    found[#found + 1] = {entry[1], entry[2][2]}
  end
  room = room - #part
end
return found
