-- The caller runs jobs itself, at once: it holds their leases from the start.
-- @include lib/agenda
local function own(queue, ids, until_when)
  for _, id in ipairs(ids) do
    redis.call('ZADD', started_key(queue), until_when, id)
    redis.call('SADD', queues, queue)
    not_later_than('l', queue, until_when)
  end
end
