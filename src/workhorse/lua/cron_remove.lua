-- A cron entry is gone; jobs that it has fired stay.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  name        str     the entry
--
-- Returns 1 if there was one, else 0.

-- @include lib/look_again
local there = redis.call('DEL', cron_key(name))
redis.call('DEL', fired_key(name))
redis.call('ZREM', crons, name)
look_again('t', '', crons, 0)
return there
