-- A cron entry that was paused fires again.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  name        str     the entry
--       revision    str     of which definition `upcoming` was made
--       upcoming    int     when it is due, ms; '' for never
--
-- Returns 1 if it is due again or was not paused, 0 if it is another one now.

-- @include lib/set_due
-- @include lib/ring
local entry = redis.call('HMGET', cron_key(name), 'revision', 'paused', 'queue')
if entry[1] ~= revision then return 0 end
if not entry[2] then return 1 end
redis.call('HDEL', cron_key(name), 'paused')
set_due(name, upcoming)
ring(entry[3])
return 1
