-- Take a job out of the one place that its status says it is in.
-- @include lib/keys
local function displace(id, queue, status)
  if status == 'queued' then redis.call('LREM', queue_key(queue), 1, id)
  elseif status == 'started' then redis.call('ZREM', started_key(queue), id)
  elseif status == 'scheduled' then redis.call('ZREM', scheduled_key(queue), id)
  elseif status == 'deferred' then redis.call('ZREM', deferred_key(queue), id)
  elseif status == 'finished' then redis.call('ZREM', finished_key(queue), id)
  elseif status == 'canceled' then redis.call('ZREM', canceled_key(queue), id)
  else redis.call('ZREM', failed_key(queue), id) end
end
