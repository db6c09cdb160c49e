-- Ring for all that is left in the queues that ARGV names from `first` to `last`, as each queue's
-- bell may have been what woke this worker; returns whether there is any.
-- @include lib/ring
local function pass_on(first, last)
  local left = false
  for i = first, last do
    if redis.call('LLEN', queue_key(ARGV[i])) > 0 then
      left = true
      ring(ARGV[i])
    end
  end
  return left
end
