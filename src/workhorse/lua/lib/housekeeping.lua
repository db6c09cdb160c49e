-- Do what is due: promote scheduled jobs, take back jobs whose lease ran out, forget
-- expired registry entries, and tell those who wait for jobs that have ended. Bounded: at most 8
-- entries of the agenda, each bounded again. Returns news for the worker; `suspended` in it says which
-- queues are, if any, and `falling` in which of those that ARGV names from `first` to `last` jobs have
-- fallen due, with `most` for each.
-- @include lib/promote
-- @include lib/abandon
-- @include lib/look_again
-- @seldom lib/suspended
-- @seldom lib/resume
-- @seldom lib/unblock
-- @seldom lib/abide
-- @seldom lib/complete
-- @lazy lib/announce
local function reap(queue, max_crashes, now)
  local registry = started_key(queue)
  local late = redis.call('ZRANGE', registry, '-inf', now, 'BYSCORE', 'LIMIT', 0, 200)
  for i = #late, 1, -1 do abandon(late[i], queue, max_crashes, now) end
  look_again('l', queue, registry, 0)
end

local function trim(kind, queue, registry, now)
  local old = math.min(1000, redis.call('ZCOUNT', registry, '-inf', now))
  if old > 0 then redis.call('ZREMRANGEBYRANK', registry, 0, old - 1) end
  -- Every five seconds is enough: their hashes expire by themselves.
  look_again(kind, queue, registry, old < 1000 and now + 5000 or 0)
end

local function is_among(queue, first, last)
  for i = first, last do
    if ARGV[i] == queue then return true end
  end
  return false
end

local function housekeeping(max_crashes, now, first, last, most)
  local due, news = redis.call('ZRANGE', agenda, '-inf', now, 'BYSCORE', 'LIMIT', 0, 8), {}
  for _, entry in ipairs(due) do
    local kind, queue = string.match(entry, '^(%a):(.*)$')
    if kind == 's' then
      local suspended = news.suspended
      if is_among(queue, first, last) and not (suspended and suspended[queue]) then
        news.falling = news.falling or {}
        news.falling[queue] = most
      else
        promote(queue, now, 500)
      end
    elseif kind == 'l' then reap(queue, max_crashes, now)
    elseif kind == 'x' then trim(kind, queue, finished_key(queue), now)
    elseif kind == 'f' then trim(kind, queue, failed_key(queue), now)
    elseif kind == 'c' then trim(kind, queue, canceled_key(queue), now)
    elseif kind == 'd' then
      local how, parent = string.match(queue, '^(%l+):(.*)$')
      if not how or unblock(parent, how, now) then redis.call('ZREM', agenda, entry) end
    elseif kind == 'w' then abide(queue, now)
    elseif kind == 'g' then
      redis.call('ZREMRANGEBYSCORE', holds_key(queue), '-inf', now)
      complete(queue, now)
      look_again(kind, queue, holds_key(queue), 0)
    elseif kind == 't' then announce(news, now)
    elseif kind == 'r' then resume('', now)
    elseif kind == 'p' then news.suspended = suspended(news)
    else redis.call('ZREM', agenda, entry) end
  end
  return news
end
