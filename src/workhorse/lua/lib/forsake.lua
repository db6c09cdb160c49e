-- What follows from it that a job is deleted which had ended before: those that waited for it to be
-- requeued wait in vain, and its group forgets its id, but not how it ended.
-- @include lib/quit
-- @include lib/unblock
local function forsake(id, status, now)
  quit(id, status, 'deleted')
  unblock(id, 'gone', now)
end
