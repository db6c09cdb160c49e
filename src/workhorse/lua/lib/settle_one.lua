-- A run that did not finish for good, behind its fence; returns whether that counted.
-- @include lib/fence
-- @include lib/fail
-- @include lib/retry
-- @include lib/release
-- @seldom lib/recur
local ends = {fail = 'failed', stop = 'stopped'}

local function settle_one(kind, id, queue, token, exc, wait, ran, at_front, now)
  local held, marked = holds(job_key(id), token)
  if not held then return false end
  if ends[kind] then
    local again = whole(call('HGET', job_key(id), 'attempt')) > 1
    local how = kind == 'fail' and at_front == '1' and 'died' or ends[kind]
    fail(id, queue, ends[kind], exc, wait, ran, again, now, marked and how)
  elseif kind == 'retry' then retry(id, queue, exc, wait, ran, at_front, now, marked)
  elseif kind == 'repeat' then recur(id, queue, exc, wait, ran, now, marked)
  else release(id, queue, false, marked, now) end
  return true
end
