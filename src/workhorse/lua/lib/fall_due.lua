-- A job that was scheduled is due, and is to run without waiting in its queue; returns whether it may: if
-- its limit is reached, it stands in line instead. `flat` is its hash, to which is added what changes.
-- @include lib/keys
-- @seldom lib/admit
local function fall_due(id, flat, now)
  local limit
  for i = 1, #flat, 2 do
    if flat[i] == 'rate_limit' then limit = flat[i + 1]
    elseif flat[i] == 'front' then redis.call('HDEL', job_key(id), 'front') end
  end
  if limit then
    redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', now)
    if not admit(id, limit, now) then return false end
  end
  flat[#flat + 1], flat[#flat + 2] = 'enqueued_at', now
  return true
end
