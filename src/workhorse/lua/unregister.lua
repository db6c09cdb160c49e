-- A worker says goodbye. It has given its jobs back before.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  worker      str     name of the worker
--       identity    str     names its process; another process of that name is left alone
--
-- Returns 1, or 0 if it was not registered.
--
-- A bell that woke this worker may have been meant for work that is still there: ring again.

-- @include lib/ring
local me = worker_key(worker)
local known = redis.call('HMGET', me, 'identity', 'machine', 'queues')
if known[1] ~= identity then return 0 end
redis.call('DEL', me)
redis.call('ZREM', workers, worker)
if known[2] and known[2] ~= '' then redis.call('HDEL', machine_key(known[2]), worker) end
for queue in string.gmatch(known[3] or '', '[^\n]+') do
  redis.call('SREM', resting_key(queue), worker)
  if redis.call('LLEN', queue_key(queue)) > 0 then ring(queue) end
end
return 1
