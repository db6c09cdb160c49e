-- A run that did not finish, behind its fence; returns whether that counted.
-- @include lib/fence
-- @include lib/fail
-- @include lib/retry
-- @include lib/release
local function settle_one(kind, id, queue, token, exc, wait, ran, at_front, now)
  if not holds(job_key(id), token) then return false end
  if kind == 'fail' then fail(id, queue, exc, wait, ran, whole(call('HGET', job_key(id), 'attempt')) > 1, now)
  elseif kind == 'retry' then retry(id, queue, exc, wait, ran, at_front, now)
  else release(id, queue, false, now) end
  return true
end
