-- The job failed for good: it waits in the failed registry to be looked at and requeued.
-- @include lib/expire
-- @include lib/vanish
local function fail(id, queue, exc, ttl, ran, again, now)
  redis.call('ZREM', started_key(queue), id)
  ttl = tonumber(ttl)
  if ttl == 0 then
    vanish(id, 'failed', now)
  else
    redis.call('HSET', job_key(id), 'status', 'failed', 'ended_at', now, 'started_at', now - ran, 'exc_info', exc)
    keep('f', failed_key(queue), queue, id, ttl, again, now)
  end
  redis.call('SPUBLISH', done_key(id), 'failed')
end
