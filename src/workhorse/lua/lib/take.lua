-- Take up to `want` jobs from the queues in order and lease them to `token`.
-- A job that crashed a worker before is taken alone: if it does so again, it takes no
-- sibling with it. Stops early at 8 MB of payload. Returns ids, queues and hashes.
-- @include lib/hash
-- @include lib/agenda
local function take_from(queue, want, taken, lease, token, now)
  local ids = redis.call('LPOP', queue_key(queue), want)
  if not ids then return false end
  local leases, stop = {}, false
  for i = 1, #ids do
    local id = ids[i]
    local fields, job = read_job(id)
    local crashed = tonumber(job.crashes or 0) > 0
    if (crashed and #taken > 0) or taken.bytes > 8000000 then
      for back = #ids, i, -1 do redis.call('LPUSH', queue_key(queue), ids[back]) end
      stop = true
      break
    end
    if job.status == 'queued' then
      redis.call('HSET', job_key(id), 'status', 'started', 'started_at', now, 'token', token,
        'attempt', tonumber(job.attempt or 0) + 1)
      if job.ttl then redis.call('PERSIST', job_key(id)) end
      leases[#leases + 1] = now + lease
      leases[#leases + 1] = id
      taken[#taken + 1] = {id, queue, fields}
      taken.bytes = taken.bytes + #(job.data or '')
      if crashed then want, stop = 0, true end
    end
    if stop then
      for back = #ids, i + 1, -1 do redis.call('LPUSH', queue_key(queue), ids[back]) end
      break
    end
  end
  if #leases > 0 then
    redis.call('ZADD', started_key(queue), unpack(leases))
    not_later_than('l', queue, now + lease)
  end
  return stop
end
