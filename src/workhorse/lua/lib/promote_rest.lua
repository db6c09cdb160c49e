-- So many jobs of each queue, of those that have fallen due and were not taken, go to it.
-- @include lib/promote
local function promote_rest(falling, now)
  for queue, most in pairs(falling) do promote(queue, now, most) end
end
