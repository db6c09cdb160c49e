-- Put a command into the inbox of a live worker, or see what it has answered.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       worker      str     name of the worker
--       identity    str     its process; another one of that name does not get the command
--       nonce       str     names the command
--       message     str     what goes into the inbox: the nonce and the sealed command
--       until_when  int     ms since 1970; it is of no use after that
--       id          str     the job that it is about, or ''
--       token       str     the execution of that job, without its mark
--
-- Returns the worker's answer, else 0 if the command has been taken out of the inbox before, else 1.
-- Fails with GONE if that process is no live worker, NOJOB, STATUS <status> if the job does not
-- run, LEASE if it runs under another token, or FULL if the inbox has no room.
--
-- Sent again, it is put there again if it was taken out and not answered: what was popped for a
-- broken connection is lost. The worker knows a nonce that it has seen. A job that has ended since
-- the first time is no error: the worker is about to say so.

-- @include lib/now
-- @include lib/keys
local now, inbox, answer = milliseconds(time), inbox_key(worker), answer_key(nonce)
local said = redis.call('GET', answer)
if said and said ~= '' then return said end
local expires = redis.call('ZSCORE', workers, worker)
if redis.call('HGET', worker_key(worker), 'identity') ~= identity or not expires or tonumber(expires) <= now then
  return redis.error_reply('GONE ' .. worker)
end
if redis.call('LPOS', inbox, message) then return 1 end
if id ~= '' then
  local job = redis.call('HMGET', job_key(id), 'status', 'token')
  local runs = job[1] == 'started' and string.gsub(job[2] or '', '%+$', '') == token
  if not runs and said then return 0 end
  if not job[1] then return redis.error_reply('NOJOB ' .. id) end
  if job[1] ~= 'started' then return redis.error_reply('STATUS ' .. job[1]) end
  if not runs then return redis.error_reply('LEASE ' .. id) end
end
local left = tonumber(until_when) - now
if left > 0 then
  if redis.call('LLEN', inbox) >= 1000 then return redis.error_reply('FULL ' .. worker) end
  redis.call('RPUSH', inbox, message)
  -- Longer than it is of use: so it can be told whether it was taken.
  if redis.call('PTTL', inbox) < left + 5000 then redis.call('PEXPIRE', inbox, left + 5000) end
  if not said then redis.call('SET', answer, '', 'PX', left + 60000) end
end
return said and 0 or 1
