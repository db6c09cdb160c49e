-- A job is forgotten, whatever its status. One that runs is not stopped; its outcome will be refused.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  id          str     the job
--
-- Returns 1 if there was one, else 0.

-- @include lib/displace
local job = redis.call('HMGET', job_key(id), 'status', 'origin')
local there = redis.call('DEL', job_key(id), runs_key(id), gone_key(id))
if job[1] then
  displace(id, job[2], job[1])
  redis.call('SPUBLISH', done_key(id), 'deleted')
end
return math.min(there, 1)
