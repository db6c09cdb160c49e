-- A queue has its first job: it is one that is listed, and a worker should look at it.
-- @include lib/ring
local function wake(queue)
  redis.call('SADD', queues, queue)
  ring(queue)
end
