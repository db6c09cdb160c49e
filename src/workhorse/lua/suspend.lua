-- Queues are not served for a while, or until somebody resumes them; jobs that run go on.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       duration    int     ms; -1 until resumed
--       ...         str     names of queues; * for all, those to come included
--
-- Returns 1.

-- @include lib/now
-- @include lib/keys
local over = tonumber(duration) < 0 and 0 or milliseconds(time) + duration
for i = 3, #ARGV do redis.call('HSET', suspensions, ARGV[i], over) end
redis.call('ZADD', agenda, -1, 'p:')
if over > 0 then redis.call('ZADD', agenda, 'LT', over, 'r:') end
return 1
