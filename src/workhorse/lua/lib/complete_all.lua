-- The groups that jobs have left may be complete.
-- @include lib/complete
local function complete_all(left, now)
  for _, group in ipairs(left) do complete(group, now) end
end
