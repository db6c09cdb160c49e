-- Whether anything is left in the queues that ARGV names from `first` to `last`, those aside that are
-- suspended. If this worker was `woken`, ring for it: each queue's bell may have been what woke it.
-- @include lib/ring
local function pass_on(first, last, suspended, woken)
  local left = false
  for i = first, last do
    if not suspended[ARGV[i]] and redis.call('LLEN', queue_key(ARGV[i])) > 0 then
      left = true
      if woken then ring(ARGV[i]) end
    end
  end
  return left
end
