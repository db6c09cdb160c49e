-- The job did its work. A ttl of 0 ms deletes it at once, -1 keeps it for ever.
-- The registries change when all outcomes are known (lib/gather).
-- @include lib/gather
-- @include lib/lifetime
-- @lazy lib/vanish
local function finish(id, queue, result, ttl, ran, again, nonce, now)
  leave(queue, id)
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
    enter(queue, id, ttl < 0 and '+inf' or now + ttl)
    lifetime(id, ttl, again)
  end
  redis.call('SPUBLISH', done_key(id), 'finished')
end
