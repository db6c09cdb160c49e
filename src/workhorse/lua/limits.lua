-- The limits that jobs hold or stand in line for, read without changing anything.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  start       int     how many of the newest to pass over
--       most        int     how many to tell at most
--
-- Returns how many there are, and of each {key, how many may have slots, how many have, how many
-- stand in line}. The first in line decides how many may; if nobody is, one of those that have does.

-- @include lib/keys
-- @include lib/fields
local answer = {redis.call('ZCARD', limits)}
local newest = redis.call('ZRANGE', limits, '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', start, most)
for i, key in ipairs(newest) do
  local slots, line = slots_key(key), limited_key(key)
  local decides = redis.call('ZRANGE', line, 0, 0)[1] or redis.call('SRANDMEMBER', slots)
  local allowed = decides and string.match(fields_of(decides, 'rate_limit')[1] or '', '^%d+ ')
  answer[i + 1] = {key, whole(allowed), redis.call('SCARD', slots), redis.call('ZCARD', line)}
end
return answer
