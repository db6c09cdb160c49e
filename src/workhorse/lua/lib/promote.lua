-- Jobs whose time has come go to their queue, oldest first, at most 500 per call.
-- @include lib/fields
-- @include lib/ready
-- @include lib/look_again
local function promote(queue, now)
  local registry = scheduled_key(queue)
  local due = redis.call('ZRANGE', registry, '-inf', now, 'BYSCORE', 'LIMIT', 0, 500)
  for _, id in ipairs(due) do
    local job = fields_of(id, 'status', 'origin', 'front')
    if job[1] == 'scheduled' and job[2] == queue then
      redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', now)
      redis.call('HDEL', job_key(id), 'front')
      ready(queue, id, job[3] == '1')
    end
  end
  if #due > 0 then redis.call('ZREM', registry, unpack(due)) end
  look_again('s', queue, registry, 0)
end
