-- Take up to `want` jobs from a queue and lease them to `token`; returns whether to stop here.
-- A job that crashed a worker before is taken alone: if it does so again, it takes no
-- sibling with it. Stops early at 8 MB of payload. Adds id, queue and hash of each to `taken`.
-- @include lib/hash
-- @include lib/fields
-- @include lib/agenda
local function take_from(queue, want, taken, lease, token, now)
  local ids = redis.call('LRANGE', queue_key(queue), 0, want - 1)
  local leases, marks, mine, stop, seen = {}, {}, {}, false, 0
  for _, id in ipairs(ids) do
    local fields, job = read_job(id)
    -- An id whose job has expired, been deleted or begun anew elsewhere is passed over, and so is
    -- one that stands here twice, because its job expired and was enqueued again.
    if job.status == 'queued' and job.origin == queue and not mine[id] then
      local crashed = whole(job.crashes) > 0
      stop = (crashed and #taken > 0) or taken.bytes > 8000000
      if stop then break end
      leases[#leases + 1] = now + lease
      leases[#leases + 1] = id
      mine[id] = true
      marks[#marks + 1] = {id, whole(job.attempt) + 1, job.ttl}
      taken[#taken + 1] = {id, queue, fields}
      taken.bytes = taken.bytes + #(job.data or '')
      stop = crashed
    end
    seen = seen + 1
    if stop then break end
  end
  -- The lease comes first and the queue last: an error on the way must lose none.
  if #leases > 0 then
    redis.call('ZADD', started_key(queue), unpack(leases))
    not_later_than('l', queue, now + lease)
  end
  for _, mark in ipairs(marks) do
    redis.call('HSET', job_key(mark[1]), 'status', 'started', 'started_at', now, 'token', token, 'attempt', mark[2])
    if mark[3] then
      redis.call('PERSIST', job_key(mark[1]))
      redis.call('PERSIST', runs_key(mark[1]))
    end
  end
  if seen > 0 then redis.call('LPOP', queue_key(queue), seen) end
  return stop
end
