-- A worker hands in the outcomes of runs and takes new jobs, all in one step.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       worker      str     name of the worker
--       number      int     numbers the worker's exchanges; a repeated one changes nothing
--       lease       int     ms
--       max_crashes int     deliveries after a worker vanished
--       want        int     how many jobs at most
--       count       int     how many queues follow
--       ...         str     the queues, in order of preference
--       ...         8 each  outcomes: kind (finish, fail, retry, release), job id, queue, token,
--                           result or exception, ttl or delay in ms, run time in ms, at front (1 or '')
--
-- Returns {jobs {id, queue, fields}, refused {id}, ms until the next due thing or -1,
--          1 if a queue has more, the server's time}.
--
-- Fence: an outcome counts only while its job is started under its token. Repeats: the
-- worker's hash keeps the number and what was taken and refused; the answer is made from it again.

-- @include lib/now
-- @include lib/housekeeping
-- @include lib/take
-- @include lib/settle
local now = milliseconds(time)
local me = worker_key(worker)
local token = worker .. ':' .. number
local taken, refused, left = {bytes = 0}, {}, 0

local last = redis.call('HMGET', me, 'number', 'taken', 'refused')
if last[1] == number then
  for id in string.gmatch(last[2], '%S+') do
    local fields, job = read_job(id)
    if job.status == 'started' and job.token == token then
      redis.call('ZADD', started_key(job.origin), 'XX', now + lease, id)
      taken[#taken + 1] = {id, job.origin, fields, 1}
    end
  end
  for id in string.gmatch(last[3], '%S+') do refused[#refused + 1] = id end
else
  local first = 7 + count + 1
  for at = first, #ARGV, 8 do
    if not settle(now, unpack(ARGV, at, at + 7)) then refused[#refused + 1] = ARGV[at + 1] end
  end
  housekeeping(max_crashes, now)
  want = tonumber(want)
  for i = 1, want > 0 and tonumber(count) or 0 do
    if want <= #taken then break end
    if take_from(ARGV[7 + i], want - #taken, taken, lease, token, now) then break end
  end
  remember_exchange(me, number, taken, refused, #ARGV >= first)
end
for i = 1, tonumber(count) do
  if redis.call('LLEN', queue_key(ARGV[7 + i])) > 0 then
    left = 1
    ring(ARGV[7 + i])
    break
  end
end
local due = redis.call('ZRANGE', agenda, 0, 0, 'WITHSCORES')
taken.bytes = nil
return {taken, refused, due[2] and math.max(0, due[2] - now) or -1, left, now}
