-- What every queue holds, read without changing anything.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       ...         str     names of queues; none for all
--
-- Returns per queue {name, queued, started, finished, failed, deferred, scheduled, canceled,
-- 1 if it is suspended}.

-- @include lib/now
-- @include lib/keys
local now = milliseconds(time)
local alive = '(' .. now
-- Whether a suspension of that name lasts; one whose time is over may not be gone yet.
local function lasts(name)
  local over = tonumber(redis.call('HGET', suspensions, name) or -1)
  return over == 0 or over > now
end
local all = lasts('*')
local names = {unpack(ARGV, 2)}
if #names == 0 then
  names = redis.call('SMEMBERS', queues)
  table.sort(names)
end
local answer = {}
for i, name in ipairs(names) do
  answer[i] = {
    name, redis.call('LLEN', queue_key(name)), redis.call('ZCARD', started_key(name)),
    redis.call('ZCOUNT', finished_key(name), alive, '+inf'),
    redis.call('ZCOUNT', failed_key(name), alive, '+inf'),
    redis.call('ZCARD', deferred_key(name)), redis.call('ZCARD', scheduled_key(name)),
    redis.call('ZCOUNT', canceled_key(name), alive, '+inf'), (all or lasts(name)) and 1 or 0,
  }
end
return answer
