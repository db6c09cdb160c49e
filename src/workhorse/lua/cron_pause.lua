-- A cron entry does not fire until it is resumed.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  name        str     the entry
--
-- Returns 1, or 0 if there is none of that name.

-- @include lib/look_at
if redis.call('EXISTS', cron_key(name)) == 0 then return 0 end
redis.call('HSET', cron_key(name), 'paused', 1)
look_at(name, '')
return 1
