-- A job that waits for its time, or for other jobs, goes to its queue now.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       id          str     the job
--       at_front    int     1 for the head of the queue
--       nonce       str     names this call; a job that bears it was promoted by an earlier send
--
-- Returns 1. Fails with NOJOB, or STATUS <status> for a job that does not wait for these.

-- @include lib/now
-- @include lib/displace
-- @include lib/ready
local now = milliseconds(time)
local job = redis.call('HMGET', job_key(id), 'status', 'origin', 'requeued_by')
local status, queue = job[1], job[2]
if not status then return redis.error_reply('NOJOB ' .. id) end
if job[3] == nonce then return 1 end
if status ~= 'scheduled' and status ~= 'deferred' then
  return redis.error_reply('STATUS ' .. status)
end
displace(id, queue, status)
redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', now, 'requeued_by', nonce)
redis.call('HDEL', job_key(id), 'due', 'front')
ready(queue, id, at_front == '1', now)
return 1
