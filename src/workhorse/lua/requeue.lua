-- Jobs that have ended run once more: their last run goes into the history.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       at_front    int     1 for the head of the queue
--       nonce       str     names this call; a job that bears it was requeued by an earlier send
--       ...         str     ids
--
-- Returns per job 1, or its status if it has not ended, or 'none' if it does not exist.

-- @include lib/now
-- @include lib/displace
-- @include lib/ended
-- @include lib/history
-- @include lib/ready
-- @seldom lib/rejoin
local now = milliseconds(time)
local answer = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local job = redis.call('HMGET', job_key(id), 'status', 'origin', 'ended_at', 'exc_info', 'requeued_by', 'after', 'attempt')
  local status, queue = job[1], job[2]
  if not status then
    answer[#answer + 1] = 'none'
  elseif job[5] == nonce then
    answer[#answer + 1] = 1
  elseif not ended[status] then
    answer[#answer + 1] = status
  else
    -- One that was canceled, or failed with a parent, may not have run.
    if status ~= 'canceled' and whole(job[7]) > 0 then remember_run(id, status, job[3], job[4]) end
    displace(id, queue, status)
    if job[6] then rejoin(id, status) end
    redis.call('HDEL', job_key(id), 'result', 'exc_info', 'started_at', 'ended_at', 'token', 'retries',
      'crashes', 'front', 'canceled_by', 'due')
    redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', now, 'requeued_by', nonce)
    redis.call('PERSIST', job_key(id))
    redis.call('PERSIST', runs_key(id))
    ready(queue, id, at_front == '1', now)
    answer[#answer + 1] = 1
  end
end
return answer
