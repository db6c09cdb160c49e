-- A lease is given back unused, or taken back from the dead: the job returns to the head of
-- its queue. `crashed` counts against max_crashes; giving back unused counts nothing.
-- @include lib/fields
-- @include lib/ready
local function release(id, queue, crashed, marked, now)
  redis.call('ZREM', started_key(queue), id)
  redis.call('HSET', job_key(id), 'status', 'queued')
  -- Its `ttl` begins anew, and is not kept by the server.
  if marked then redis.call('HSET', job_key(id), 'enqueued_at', now) end
  if crashed then
    bump(id, 'crashes', 1)
  else
    bump(id, 'attempt', -1)
  end
  redis.call('HDEL', job_key(id), 'token', 'started_at')
  ready(queue, id, true, now)
end
