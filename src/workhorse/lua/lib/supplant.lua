-- Another job takes the place of one whose end has consequences: its slot is free, and its group
-- counts it. Those that wait for a job of this id go on to wait.
-- @include lib/let_go
-- @include lib/tally
local function supplant(id, now)
  let_go(id, now)
  tally(id, 'deleted', now)
end
