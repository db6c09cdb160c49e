-- A group counts a job of its own that has ended. The last one completes it, unless somebody is
-- still adding to it.
-- @include lib/quit
-- @seldom lib/complete
local function tally(id, how, now)
  local group = quit(id, '', how)
  if group then complete(group, now) end
end
