-- One job of RQ becomes one of ours, in the state that it has there: it leaves its place there and
-- takes its place here in this one step, so that it is never in both, and never in neither.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       rq          str     what RQ's keys begin with, without the colon
--       id          str     the job
--       nonce       str     names the adopter: a job that bears it was moved by an earlier send
--       dry         str     1: only say what would come of it
--       place       str     where RQ has it: queue, taken, wip, limited, lost, ready, scheduled,
--                           deferred, failed, finished, canceled
--       queue       str     of which queue
--       member      str     what stands for it there: its id, or `<id>:<execution>` for wip
--       names       str     the fields of its hash when it was read, with blanks between
--       digest      str     the SHA-1 of their values, each as `<length>:<value>`
--       status      str     what it becomes: queued, scheduled, deferred, finished, failed, ...
--       due         int     for scheduled: when, ms
--       runs        int     how many earlier runs follow
--       ...         str     the runs, then names and values of the fields of our hash
--
-- Returns moved; stale (it was, from another place); or why not: gone (it expired), elsewhere, changed,
-- busy (RQ runs it), `waits <parent that RQ still has>`, `here <status of ours>`. Or again: many jobs
-- wait for it, and the next call goes on.

-- @include lib/now
-- @include lib/rq
-- @include lib/ended
-- @include lib/detach
-- @include lib/receive
-- @seldom lib/displace
-- @seldom lib/supplant
-- @seldom lib/complete_all
local now = milliseconds(time)
local mine = redis.call('HMGET', job_key(id), 'status', 'origin', 'nonce', 'after')
if redis.call('EXISTS', rq_job(id)) == 0 then
  local trace = string.match(redis.call('GET', gone_key(id)) or '', '%S+$')
  local was = dry == '1' or leave(place, queue, member) > 0
  if mine[3] == nonce or trace == nonce then return was and 'stale' or 'moved' end
  return 'gone'
end
if mine[1] and (ended[status] or not ended[mine[1]]) then return 'here ' .. mine[1] end
if digest_of(names) ~= digest then return 'changed' end
local parent = dry == '' and status == 'deferred' and kept_by(id)
if parent then return 'waits ' .. parent end
local found = find(place, queue, member, status, now)
if found ~= 'there' then return found end
if dry == '1' then return 'moved' end
if not detach(id) then return 'again' end

if mine[1] then displace(id, mine[2], mine[1]) end
local left, ttl = {mine[1] and supplant(id, mine[1], now) or nil}, redis.call('PTTL', rq_job(id))
redis.call('DEL', job_key(id), runs_key(id), gone_key(id))
for i = 14, 13 + runs do redis.call('RPUSH', runs_key(id), ARGV[i]) end
redis.call('HSET', job_key(id), 'status', status, 'origin', queue, 'nonce', nonce, unpack(ARGV, 14 + runs))
if mine[4] then redis.call('HSET', job_key(id), 'after', 1) end
receive(id, queue, status, due, ttl, place == 'wip' or place == 'taken', now)
if #left > 0 then complete_all(left, now) end
leave(place, queue, member)
forget(id)
return 'moved'
