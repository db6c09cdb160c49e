-- Make jobs due at a time. If that is sooner than all else, a sleeping worker must learn of it.
-- @include lib/ring
-- @include lib/agenda
-- @include lib/text
local function schedule(queue, ids, due)
  if #ids == 0 then return end
  local first, when = redis.call('ZRANGE', agenda, 0, 1, 'WITHSCORES'), text_of(due)
  if first[1] == 'p:' then first = {first[3], first[4]} end
  for i = 1, #ids, 3000 do
    local entries = {}
    for n = i, math.min(i + 2999, #ids) do entries[#entries + 1], entries[#entries + 2] = when, ids[n] end
    redis.call('ZADD', scheduled_key(queue), unpack(entries))
  end
  redis.call('SADD', queues, queue)
  not_later_than('s', queue, when)
  if #first == 0 or due < tonumber(first[2]) then ring(queue) end
end
