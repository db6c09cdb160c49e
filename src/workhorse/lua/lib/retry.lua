-- The job failed and tries again: at once, or after `delay` ms.
-- @include lib/fields
-- @include lib/history
-- @include lib/ready
-- @include lib/schedule
-- @seldom lib/let_go
local function retry(id, queue, exc, delay, ran, at_front, now, marked)
  redis.call('ZREM', started_key(queue), id)
  redis.call('HSET', job_key(id), 'started_at', now - ran)
  remember_run(id, 'retried', now, exc)
  bump(id, 'retries', 1)
  delay = tonumber(delay)
  if delay > 0 then
    if marked then let_go(id, now) end
    redis.call('HSET', job_key(id), 'status', 'scheduled', 'ended_at', now, 'exc_info', exc)
    if at_front == '1' then redis.call('HSET', job_key(id), 'front', 1) end
    schedule(queue, {id}, now + delay)
  else
    redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', now, 'ended_at', now, 'exc_info', exc)
    ready(queue, id, at_front == '1', now)
  end
end
