-- Microseconds until the next thing is due, or -1. That queues are suspended stands first in the agenda.
-- @include lib/call
local function until_due(now, suspended)
  local at = suspended and 1 or 0
  local due = call('ZRANGE', agenda, at, at, 'WITHSCORES')
  return due[2] and math.max(0, (due[2] - now) * 1000 - beyond) or -1
end
