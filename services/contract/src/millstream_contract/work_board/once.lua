-- Tells one of all callers in a while that it is the one.
--
-- KEYS  1 mark
-- ARGV  1 ms until somebody is told so again
-- Reply 1 for that one
--
-- A mark that stays for longer, or for ever, is none of ours.
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left <= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
return 1
