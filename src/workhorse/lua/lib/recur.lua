-- The job did its work and does it again: `every` ms after it was last due, or at once if that has
-- passed or is 0, so that intervals do not drift. What its success sets off happens each time.
-- @include lib/fields
-- @include lib/history
-- @include lib/ready
-- @include lib/schedule
-- @seldom lib/conclude_run
local function recur(id, queue, result, every, ran, now, marked)
  redis.call('ZREM', started_key(queue), id)
  redis.call('HSET', job_key(id), 'started_at', now - ran)
  remember_run(id, 'finished', now, '')
  if marked then conclude_run(id, now) end
  local job = fields_of(id, 'due', 'enqueued_at', 'created_at')
  local due = math.max(now, whole(job[1], whole(job[2], whole(job[3], now))) + every)
  bump(id, 'repeats', 1)
  redis.call('HDEL', job_key(id), 'retries', 'crashes', 'exc_info', 'token', 'result')
  redis.call('HSET', job_key(id), 'ended_at', now, 'due', due)
  if result ~= '' then redis.call('HSET', job_key(id), 'result', result) end
  if due > now then
    redis.call('HSET', job_key(id), 'status', 'scheduled')
    schedule(queue, {id}, due)
  else
    redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', now)
    ready(queue, id, false, now)
  end
end
