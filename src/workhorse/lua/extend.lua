-- A worker's heartbeat: it is alive, and goes on with the jobs it names.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       worker      str     name of the worker
--       ttl         int     ms until it counts as gone
--       lease       int     ms
--       machine     str     as in register
--       identity    str     as in register
--       count       int     how many words of its hash follow
--       ...         str     field, value, …
--       ...         3 each  job id, queue, token
--
-- Returns {1, or 0 if it must register again, {ids whose lease is lost}, {neighbours}, ms until a cron
--          entry is due; left out if there is none}.

-- @include lib/now
-- @include lib/machine
-- @include lib/fields
local now = milliseconds(time)
local me = worker_key(worker)
local lost = {}
for at = 8 + count, #ARGV, 3 do
  local id = ARGV[at]
  local job = fields_of(id, 'status', 'token')
  if job[1] == 'started' and (job[2] == ARGV[at + 2] or job[2] == ARGV[at + 2] .. '+') then
    redis.call('ZADD', started_key(ARGV[at + 1]), 'XX', 'GT', now + lease, id)
  else
    lost[#lost + 1] = id
  end
end
if redis.call('HGET', me, 'identity') ~= identity then return {0, lost, {}} end
redis.call('HSET', me, 'last_heartbeat', now, unpack(ARGV, 8, 7 + count))
redis.call('PEXPIRE', me, ttl)
redis.call('ZADD', workers, now + ttl, worker)
local due = redis.call('ZSCORE', agenda, 't:')
return {1, lost, neighbours(machine, worker, identity, ttl), due and math.max(0, due - now) or nil}
