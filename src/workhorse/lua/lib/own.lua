-- The caller runs the job itself, at once: it holds the lease from the start.
-- @include lib/agenda
local function own(queue, id, until_when)
  redis.call('ZADD', started_key(queue), until_when, id)
  redis.call('SADD', queues, queue)
  not_later_than('l', queue, until_when)
end
