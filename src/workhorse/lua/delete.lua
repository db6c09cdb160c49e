-- A job is forgotten, whatever its status. One that runs is not stopped; its outcome will be refused.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       id          str     the job
--
-- Returns 1 if there was one, else 0.

-- @include lib/now
-- @include lib/displace
-- @include lib/ended
-- @seldom lib/conclude
-- @seldom lib/forsake
local job = redis.call('HMGET', job_key(id), 'status', 'origin', 'after')
if job[1] then displace(id, job[2], job[1]) end
if job[3] and ended[job[1]] then forsake(id, job[1], milliseconds(time))
elseif job[3] then conclude(id, 'deleted', milliseconds(time)) end
local there = redis.call('DEL', job_key(id), runs_key(id), gone_key(id))
if job[1] then redis.call('SPUBLISH', done_key(id), 'deleted') end
return math.min(there, 1)
