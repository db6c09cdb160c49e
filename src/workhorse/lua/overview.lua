-- What every queue holds, read without changing anything.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       ...         str     names of queues; none for all
--
-- Returns per queue {name, queued, started, finished, failed, deferred, scheduled, canceled}.

-- @include lib/now
-- @include lib/keys
local alive = '(' .. milliseconds(time)
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
    redis.call('ZCOUNT', canceled_key(name), alive, '+inf'),
  }
end
return answer
