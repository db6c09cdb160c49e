-- Somebody is adding to a group, or has done so: as long as somebody is, it is not complete.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       name        str     the group
--       holder      str     names who is adding
--       duration    int     ms after which it counts as gone; 0: it is done
--
-- Returns 1. Fails with NOGROUP <name>.

-- @include lib/now
-- @include lib/agenda
-- @seldom lib/complete
local now, key = milliseconds(time), group_key(name)
if redis.call('EXISTS', key) == 0 then return redis.error_reply('NOGROUP ' .. name) end
if duration == '0' then
  redis.call('ZREM', holds_key(name), holder)
  if redis.call('EXISTS', holds_key(name)) == 0 then redis.call('ZREM', agenda, 'g:' .. name) end
  complete(name, now)
else
  redis.call('ZADD', holds_key(name), now + duration, holder)
  redis.call('PEXPIRE', holds_key(name), duration * 2)
  not_later_than('g', name, now + duration)
end
return 1
