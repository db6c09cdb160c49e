-- One outcome of one run, behind its fence.
-- @include lib/finish
-- @include lib/fail
-- @include lib/retry
-- @include lib/release
local function settle(now, kind, id, queue, token, what, wait, ran, at_front)
  local job = redis.call('HMGET', job_key(id), 'status', 'token', 'attempt')
  if job[1] ~= 'started' or job[2] ~= token then return false end
  local again = tonumber(job[3]) > 1
  if kind == 'finish' then finish(id, queue, what, wait, ran, again, now)
  elseif kind == 'fail' then fail(id, queue, what, wait, ran, again, now)
  elseif kind == 'retry' then retry(id, queue, what, wait, ran, at_front, now)
  else release(id, queue, false, now) end
  return true
end

-- What a repeat of this exchange would have to answer.
local function remember_exchange(me, number, taken, refused, settled)
  if #taken == 0 and not settled then return end
  local ids = {}
  for i, job in ipairs(taken) do ids[i] = job[1] end
  redis.call('HSET', me, 'number', number, 'taken', table.concat(ids, ' '), 'refused', table.concat(refused, ' '))
end
