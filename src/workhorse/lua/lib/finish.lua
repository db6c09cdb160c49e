-- The job did its work. A ttl of 0 ms deletes it at once, -1 keeps it for ever.
-- @include lib/expire
local function finish(id, queue, result, ttl, ran, again, nonce, now)
  redis.call('ZREM', started_key(queue), id)
  ttl = tonumber(ttl)
  if ttl == 0 then
    vanish(id, 'finished', nonce, now)
  else
    local job = job_key(id)
    if result ~= '' then
      redis.call('HSET', job, 'status', 'finished', 'ended_at', now, 'started_at', now - ran, 'result', result)
    else
      redis.call('HSET', job, 'status', 'finished', 'ended_at', now, 'started_at', now - ran)
    end
    if again then redis.call('HDEL', job, 'exc_info') end
    keep('x', finished_key(queue), queue, id, ttl, again, now)
  end
  redis.call('SPUBLISH', done_key(id), 'finished')
end
