-- A job that has not begun will not run. It is kept for `ttl` ms.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       id          str     the job
--       ttl         int     ms; -1 for ever
--       nonce       str     names this call; a job that bears it was canceled by an earlier send
--       release     int     1: the jobs that wait for it may run; else '': they fare as they wish
--
-- Returns 1. Fails with NOJOB, or STATUS <status> for a job that runs or has ended.

-- @include lib/now
-- @include lib/displace
-- @include lib/expire
-- @seldom lib/conclude
local waiting = {queued = true, scheduled = true, deferred = true, rate_limited = true}
local now = milliseconds(time)
local job = redis.call('HMGET', job_key(id), 'status', 'origin', 'attempt', 'canceled_by', 'after')
local status, queue = job[1], job[2]
if not status then return redis.error_reply('NOJOB ' .. id) end
if status == 'canceled' and job[4] == nonce then return 1 end
if not waiting[status] then return redis.error_reply('STATUS ' .. status) end
displace(id, queue, status)
redis.call('HSET', job_key(id), 'status', 'canceled', 'ended_at', now, 'canceled_by', nonce)
if job[5] then conclude(id, release == '1' and 'released' or 'canceled', now) end
keep('c', canceled_key(queue), queue, id, tonumber(ttl), tonumber(job[3] or 0) > 0, now)
redis.call('SPUBLISH', done_key(id), 'canceled')
return 1
