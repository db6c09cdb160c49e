-- Take a job that has ended out of its registry; it still expires when it would have.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  id          str     the job
--
-- Returns 1. Fails with NOJOB, or STATUS <status> for a job that has not ended.

-- @include lib/displace
local job = redis.call('HMGET', job_key(id), 'status', 'origin')
local status = job[1]
if not status then return redis.error_reply('NOJOB ' .. id) end
if status == 'queued' or status == 'started' or status == 'scheduled' or status == 'deferred' then
  return redis.error_reply('STATUS ' .. status)
end
displace(id, job[2], status)
return 1
