-- The agenda remembers for each queue the earliest time at which something may be due.
-- @include lib/keys
local function not_later_than(kind, queue, at)
  redis.call('ZADD', agenda, 'LT', at, kind .. ':' .. queue)
end
