-- Reads the frames of a token log that come after a cursor, in order, over all attempts.
--
-- KEYS  1 log
-- ARGV  1 ordinal of the last frame that the reader has (0: none)   2 most entries to return
-- Reply a list of {id, value}
--
-- An id is `<attempt>-<ordinal>`. Ordinals rise over all attempts, so each attempt is asked for its
-- own part behind the cursor: work is for what is returned, not for the length of the log.
local LAST = '18446744073709551615'
-- Anybody may have put any id there: attempts are not counted up to, but looked up one from the
-- other; and however many there are, Redis serves everybody else soon.
local MOST_ATTEMPTS = 1000
local room, found, attempt = tonumber(ARGV[2]), {}, '0'
for _ = 1, MOST_ATTEMPTS do
  local part = redis.call('XRANGE', KEYS[1], '(' .. attempt .. '-' .. ARGV[1], attempt, 'COUNT', room)
  for _, entry in ipairs(part) do
    found[#found + 1] = {entry[1], entry[2][2]}
  end
  room = room - #part
  if room <= 0 or attempt == LAST then break end
  local following = redis.call('XRANGE', KEYS[1], '(' .. attempt .. '-' .. LAST, '+', 'COUNT', 1)
  if #following == 0 then break end
  attempt = string.match(following[1][1], '^(%d+)-')
end
return found
