-- A queue that holds nothing is not listed any more.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  queue       str     name of the queue
--
-- Returns 1 if it was listed, else 0. Its next job lists it again.

-- @include lib/keys
if redis.call('LLEN', queue_key(queue)) > 0 then return 0 end
redis.call('DEL', bell_key(queue))
return redis.call('SREM', queues, queue)
