-- The process of a worker is known to be gone: its jobs go back to the heads of their queues.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       worker      str     name of the dead worker
--       identity    str     its process; if another one has the name now, nothing is done
--       machine     str     as in register
--       max_crashes int     deliveries after a worker vanished
--       at_most     int     how many jobs per call
--
-- Returns how many jobs went back; fewer than `at_most` means that all have.

-- @include lib/now
-- @include lib/fields
-- @include lib/abandon
local now = milliseconds(time)
local dead, moved = worker_key(worker), 0
local known = redis.call('HMGET', dead, 'identity', 'queues')
if known[1] == identity then
  for queue in string.gmatch(known[2] or '', '[^\n]+') do
    redis.call('SREM', resting_key(queue), worker)
    for _, id in ipairs(redis.call('ZRANGE', started_key(queue), 0, -1, 'REV')) do
      local token = fields_of(id, 'token')[1]
      if token and string.match(token, '^(.*):') == worker then
        if moved == tonumber(at_most) then return moved end
        abandon(id, queue, max_crashes, now)
        moved = moved + 1
      end
    end
  end
  redis.call('DEL', dead)
  redis.call('ZREM', workers, worker)
end
if machine ~= '' and redis.call('HGET', machine_key(machine), worker) == identity then
  redis.call('HDEL', machine_key(machine), worker)
end
return moved
