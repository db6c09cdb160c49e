-- Jobs wait for one that has failed to be requeued: whether it is still there. If it is not, they are
-- told; else the agenda says when its time is up.
-- @include lib/fields
-- @include lib/mark
-- @include lib/unblock
local function abide(parent, now)
  local job = fields_of(parent, 'status', 'after')
  local left = 0
  if job[1] then
    -- It may be another one of this id, which does not know of them.
    mark(parent, job[1], job[2])
    left = redis.call('PTTL', job_key(parent))
  end
  if left > 0 and redis.call('EXISTS', patients_key(parent)) == 1 then
    redis.call('ZADD', agenda, now + left + 1, 'w:' .. parent)
  else
    redis.call('ZREM', agenda, 'w:' .. parent)
    if not job[1] then unblock(parent, 'gone', now) end
  end
end
