-- A worker hands in the outcomes of runs and takes new jobs, all in one step.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       worker      str     name of the worker
--       number      int     numbers the exchanges of all workers of that name; the first of a
--                           process is higher than any before, such as its birth in us
--       lease       int     ms
--       max_crashes int     deliveries after a worker vanished
--       want        int     how many jobs at most
--       count       int     how many queues follow
--       ...         str     the queues, in order of preference
--       ...         each    outcomes that are alike: kind (finish, fail, retry, release), queue,
--                           token, ttl or delay in ms, at front (1 or ''), 1 if they had run
--                           before or '', how many; and of each: job id, result or exception,
--                           run time in ms
--
-- Returns {jobs {queue, {id, fields, …}, …}, refused {id}, ms until the next due thing or -1,
--          1 if a queue has more, the server's time, 1 if it is a repeat}.
-- The fields are those before the job was taken; in the answer to a repeat, those after.
--
-- Fails with STALE <number> if the worker has gone on to a higher one.
--
-- Fence: an outcome counts only while its job is started under its token. Repeats: the
-- worker's hash keeps the number and what was taken and refused; the answer is made from it again.

-- @include lib/now
-- @include lib/take
-- @include lib/settle
-- @include lib/remember
-- @lazy lib/replay
-- @lazy lib/housekeeping
-- @lazy lib/ring
local now = milliseconds(time)
local me, token = worker_key(worker), worker .. ':' .. number
local taken, refused, left, first = {bytes = 0, count = 0}, {}, 0, 8 + count
local last = call('HMGET', me, 'number', 'taken', 'refused', 'identity')
if (tonumber(last[1]) or 0) > tonumber(number) then return redis.error_reply('STALE ' .. number) end
local again = last[1] == number
if again then
  replay(last, token, lease, taken, refused, now)
else
  local at = first
  while ARGV[at] do at = settle(at, refused, now) end
  local due = call('ZRANGE', agenda, 0, 0, 'WITHSCORES')
  if due[2] and tonumber(due[2]) <= now then housekeeping(max_crashes, now) end
  for i = 8, first - 1 do
    local open = want - taken.count
    if open <= 0 or take_from(ARGV[i], open, taken, lease, token, now) then break end
  end
  if taken.count > 0 or ARGV[first] then remember_exchange(me, number, taken, refused, last[4]) end
end
-- Each queue's bell may have been what woke this worker, so pass it on.
for i = 8, first - 1 do
  if call('LLEN', queue_key(ARGV[i])) > 0 then
    left = 1
    ring(ARGV[i])
  end
end
local due = call('ZRANGE', agenda, 0, 0, 'WITHSCORES')
return {taken, refused, due[2] and math.max(0, due[2] - now) or -1, left, now, again and 1 or 0}
