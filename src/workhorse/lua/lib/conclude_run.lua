-- What follows from a success after which the job runs once more: all but the end of its group's.
-- @include lib/let_go
-- @include lib/follow
-- @include lib/unblock
local function conclude_run(id, now)
  let_go(id, now)
  follow(id, 'finished', now)
  unblock(id, 'finished', now)
end
