-- Queues whose suspension is over, or `which` if that is not '', are served again: a worker is woken for
-- each. `*` stands for the suspension of all. Returns how many there were.
-- @include lib/ring
local function resume(which, now)
  local entries, ended, next = redis.call('HGETALL', suspensions), 0, nil
  for i = 1, #entries, 2 do
    local queue, over = entries[i], tonumber(entries[i + 1]) or 0
    if queue == which or (over > 0 and over <= now) then
      redis.call('HDEL', suspensions, queue)
      ended = ended + 1
      for _, name in ipairs(queue == '*' and redis.call('SMEMBERS', queues) or {queue}) do
        if redis.call('LLEN', queue_key(name)) > 0 then ring(name) end
      end
    elseif over > 0 then next = math.min(next or over, over) end
  end
  if next then redis.call('ZADD', agenda, next, 'r:') else redis.call('ZREM', agenda, 'r:') end
  if redis.call('EXISTS', suspensions) == 0 then redis.call('ZREM', agenda, 'p:') end
  return ended
end
