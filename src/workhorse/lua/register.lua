-- A worker is born: from now on it counts as alive for `ttl` ms after each heartbeat.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       worker      str     name of the worker
--       ttl         int     ms
--       machine     str     names the boot and pid namespace it runs in; '' if unknown
--       identity    str     names its process there
--       ...         str     field, value, … of its hash
--
-- Returns the other workers of its machine {name, identity, …}.
-- Fails with DUPLICATE <name> if a live worker of another identity has the name.

-- @include lib/now
-- @include lib/machine
local now = milliseconds(time)
local me = worker_key(worker)
local holder = redis.call('HGET', me, 'identity')
local until_when = redis.call('ZSCORE', workers, worker)
if holder and holder ~= identity and until_when and tonumber(until_when) > now then
  return redis.error_reply('DUPLICATE ' .. worker)
end
if holder and holder ~= identity then redis.call('DEL', me) end
redis.call('HSET', me, 'identity', identity, 'machine', machine, 'birth', now, 'last_heartbeat', now,
  unpack(ARGV, 6))
redis.call('PEXPIRE', me, ttl)
redis.call('ZADD', workers, now + ttl, worker)
redis.call('ZREMRANGEBYSCORE', workers, '-inf', now - 86400000)
return neighbours(machine, worker, identity, ttl)
