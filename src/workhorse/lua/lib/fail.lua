-- The job failed for good, or was stopped (`how`): it waits in the failed registry to be looked at
-- and requeued. `concluded`: the word for its end, if that has consequences.
-- @include lib/expire
-- @include lib/vanish
-- @seldom lib/conclude
local function fail(id, queue, how, exc, ttl, ran, again, now, concluded)
  redis.call('ZREM', started_key(queue), id)
  ttl = tonumber(ttl)
  if concluded then conclude(id, concluded, now, exc) end
  if ttl == 0 then
    vanish(id, how, now)
  else
    redis.call('HSET', job_key(id), 'status', how, 'ended_at', now, 'started_at', now - ran, 'exc_info', exc)
    keep('f', failed_key(queue), queue, id, ttl, again, now)
  end
  redis.call('SPUBLISH', done_key(id), how)
end
