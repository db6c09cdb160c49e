-- Make a job due at a time. If that is sooner than all else, a sleeping worker must learn of it.
-- @include lib/ring
-- @include lib/agenda
local function schedule(queue, id, due)
  local first = redis.call('ZRANGE', agenda, 0, 0, 'WITHSCORES')
  redis.call('ZADD', scheduled_key(queue), due, id)
  redis.call('SADD', queues, queue)
  not_later_than('s', queue, due)
  if #first == 0 or due < tonumber(first[2]) then ring(queue) end
end
