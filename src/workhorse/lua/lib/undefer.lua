-- All that a job waited for is there: it is scheduled if its time has not come, else ready.
-- @include lib/fields
-- @include lib/ready
-- @include lib/schedule
local function undefer(id, queue, due, at_front, now)
  redis.call('ZREM', deferred_key(queue), id)
  redis.call('DEL', waits_key(id))
  if due and whole(due) > now then
    redis.call('HSET', job_key(id), 'status', 'scheduled')
    schedule(queue, {id}, whole(due))
  else
    redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', now)
    redis.call('HDEL', job_key(id), 'front')
    ready(queue, id, at_front == '1', now)
  end
end
