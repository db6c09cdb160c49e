-- What follows from the end of a job, whose hash is still there: its slot goes to the next, its group
-- counts it, the calls it left for this case are made, and the jobs that wait for it are looked at.
-- `how` is its status, or died (it failed, and no horse was left to run its callbacks), deleted,
-- expired, or released (canceled, but its dependents may run). `exc`: why it failed, if it did.
-- @include lib/let_go
-- @include lib/follow
-- @include lib/tally
-- @include lib/unblock
local function conclude(id, how, now, exc)
  let_go(id, now)
  tally(id, how, now)
  follow(id, how, now, exc)
  unblock(id, how, now)
end
