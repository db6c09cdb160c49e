-- One outcome of one run, behind its fence; returns whether it counted.
-- @include lib/fields
-- @include lib/finish
-- @lazy lib/fail
-- @lazy lib/retry
-- @lazy lib/release
local function settle(now, kind, id, queue, token, what, wait, ran, at_front)
  local job = fields_of(id, 'status', 'token', 'attempt', 'nonce')
  if job[1] ~= 'started' or job[2] ~= token then return false end
  local again = whole(job[3]) > 1
  if kind == 'finish' then finish(id, queue, what, wait, ran, again, job[4], now)
  elseif kind == 'fail' then fail(id, queue, what, wait, ran, again, job[4], now)
  elseif kind == 'retry' then retry(id, queue, what, wait, ran, at_front, now)
  else release(id, queue, false, now) end
  return true
end
