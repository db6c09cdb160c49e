-- A worker hands in the outcomes of runs and takes new jobs, all in one step.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       worker      str     name of the worker
--       number      int     rises over all exchanges of that name, also from process to process
--       lease       int     ms
--       max_crashes int     deliveries after a worker vanished
--       want        int     how many jobs at most
--       flags       int     1 woken by a bell, or may have been; + 2 rests if it gets nothing; + 4 rested
--       count       int     how many queues follow
--       ...         str     the queues, in order of preference
--       ...         each    outcomes that are alike: kind (finish, fail, stop, retry, repeat, release),
--                           queue, token, ttl or delay in ms, 1 or '' (retry: at front; fail, stop:
--                           no horse for callbacks), 1 if they had run before or '', how many; of
--                           each: job id, result or exception, run time in ms
--
-- Returns {jobs {queue, {id, fields, …}, …}, refused {id}, µs until the next due thing or -1, 1 if a
-- queue has more, the server's time, 1 if it is a repeat, news {kind, word, …}}.
-- The fields are those before the job was taken; in a repeat, those after. News (`cron <entry that is
-- due>`, `suspended <queue>`) may be left out. STALE <number>: the worker has gone on to a higher one.
-- Fence: an outcome counts only while its job is started under its token. Repeats: the worker's hash
-- keeps number, taken and refused; the answer is made from it again.
-- @include lib/take
-- @include lib/settle
-- @include lib/busy
-- @include lib/remember
-- @include lib/now
-- @seldom lib/replay
-- @lazy lib/housekeeping
-- @lazy lib/promote_rest
-- @lazy lib/pass_on
-- @lazy lib/rest_now
-- @include lib/until_due
local now = milliseconds(time)
local me, token = worker_key(worker), worker .. ':' .. number
local taken, refused, left, first = {bytes = 0, count = 0}, {}, false, 9 + count
local last = call('HMGET', me, 'number', 'taken', 'refused', 'identity')
if (tonumber(last[1]) or 0) > tonumber(number) then return redis.error_reply('STALE ' .. number) end
local again, i, rest, news = last[1] == number, 9, nil, {}
if again then
  replay(last, token, lease, taken, refused, now)
else
  local at = first
  if flags + 0 >= 4 then call('HDEL', me, 'rests') end
  while ARGV[at] do at = settle(at, refused, now) end
  local due, many = call('ZRANGE', agenda, 0, 0, 'WITHSCORES'), #ARGV - first > 100
  if due[2] and tonumber(due[2]) <= now then
    news = housekeeping(max_crashes, now, 9, first - 1, many and 0 or 500)
  end
  local open, stop, seen, suspended, falling = want + 0, false, 0, news.suspended or {}, news.falling
  while i < first and open > 0 and not stop do
    local queue, asked, before = ARGV[i], open, taken.count
    if suspended[queue] then seen = 0 else stop, seen = take_from(queue, open, taken, lease, token, now) end
    if falling and falling[queue] and not stop then
      local more = seen == asked
      if not more then
        asked = want - taken.count
        stop, seen = take_from(queue, asked, taken, lease, token, now, true)
      end
      -- Who takes many will soon take the next: those need not enter the queue, unless it is never empty.
      local took = taken.count - before
      if many or took > 32 then falling[queue] = more and math.ceil(took / 2) or 0 end
    end
    open = want - taken.count
    if stop or seen == asked then rest = rest or i end
    i = (seen > 0 or falling) and i + 1 or next_busy(i + 1, first - 1)
  end
  if falling then promote_rest(falling, now) end
  if taken.count > 0 or ARGV[first] then remember_exchange(me, number, taken, refused, last[4]) end
end
if news.suspended or flags % 2 == 1 then left = pass_on(9, first - 1, news.suspended or {}, flags % 2 == 1)
else left = next_busy(rest or i, first - 1) < first end
local rests = flags % 4 > 1 and last[4] and not (again or left or taken.count > 0 or #news > 0)
if rests then rest_now(me, worker, number, lease, 9, first - 1) end
return {taken, refused, until_due(now, news.suspended), left and 1 or 0, now, again and 1 or 0, #news > 0 and news or nil}
