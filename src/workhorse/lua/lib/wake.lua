-- A queue has its first jobs: it is one that is listed, and a worker should look at it. One job alone
-- is given straight to a worker that rests, if there is one.
-- @include lib/ring
-- @lazy lib/serve
local function wake(queue, ids)
  redis.call('SADD', queues, queue)
  local worker = #ids == 1 and redis.call('SPOP', resting_key(queue))
  if not (worker and serve(worker, queue, ids[1])) then ring(queue) end
end
