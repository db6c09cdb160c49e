-- A group is forgotten; its jobs are not, and go on.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  name        str     the group
--
-- Returns 1 if there was one, else 0.

-- @include lib/keys
redis.call('ZREM', groups, name)
return math.min(1, redis.call('DEL', group_key(name), members_key(name), holds_key(name)))
