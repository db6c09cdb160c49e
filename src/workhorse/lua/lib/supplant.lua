-- Another job takes the place of one whose end has consequences: its slot is free, and its group
-- counts it. Returns the group if that may be complete now: the other job may join it first.
-- Those that wait for a job of this id go on to wait.
-- @include lib/let_go
-- @include lib/quit
local function supplant(id, status, now)
  let_go(id, now)
  return quit(id, status, 'deleted')
end
