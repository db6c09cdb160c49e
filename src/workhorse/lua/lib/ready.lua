-- A job that was elsewhere before enters its queue.
-- @include lib/wait
-- @include lib/place
local function ready(queue, id, at_front)
  wait_again(id, redis.call('HGET', job_key(id), 'ttl'))
  place_many(queue, at_front and 'LPUSH' or 'RPUSH', {id})
end
