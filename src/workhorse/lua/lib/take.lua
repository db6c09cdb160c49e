-- Take up to `want` jobs from a queue and lease them to `token`; returns whether to stop here, and
-- how many ids there were. A job that crashed a worker before is taken alone: if it does so again, it takes
-- no sibling with it. Stops early at 8 MB of payload. Adds the queue, and a list of the id and hash of each,
-- to `taken`. `due`: those that were scheduled until now, instead of those in the queue; they never enter it.
-- @include lib/hash
-- @include lib/text
-- @include lib/fields
-- @include lib/agenda
-- @seldom lib/lapse
-- @seldom lib/overdue
-- @seldom lib/fall_due
local function mark_started(keys, attempts, token, marked, now, due)
  for i, key in ipairs(keys) do
    local held = marked[i] and token .. '+' or token
    if due then
      call('HSET', key, 'status', 'started', 'started_at', now, 'token', held, 'attempt', attempts[i], 'enqueued_at', now)
    else
      call('HSET', key, 'status', 'started', 'started_at', now, 'token', held, 'attempt', attempts[i])
    end
  end
end

local function take_from(queue, want, taken, lease, token, now, due)
  local ids = due and call('ZRANGE', scheduled_key(queue), '-inf', text_of(now), 'BYSCORE', 'LIMIT', 0, want)
    or call('LRANGE', queue_key(queue), 0, want - 1)
  if #ids == 0 then return false, 0 end
  local status_before = due and 'scheduled' or 'queued'
  local until_when = text_of(now + lease)
  local leases, keys, attempts, timed, marked, mine, jobs, stop, seen, late = {}, {}, {}, {}, {}, {}, {}, false, 0, {}
  for _, id in ipairs(ids) do
    local key = job_key(id)
    local fields, status, origin, attempt, crashes, ttl, data, after = read_job(key)
    -- An id whose job has expired, been deleted or begun anew elsewhere is passed over, and so is
    -- one that stands here twice, because its job expired and was enqueued again.
    local live = status == status_before and origin == queue and not mine[id]
    if live and due then live = fall_due(id, fields, text_of(now)) end
    if live and not due and after and ttl and overdue(id, ttl, now) then mine[id], late[#late + 1] = true, id
    elseif live then
      local crashed, n = crashes and whole(crashes) > 0, #keys + 1
      stop = (crashed and taken.count + n > 1) or taken.bytes > 8000000
      if stop then break end
      mine[id], keys[n], leases[2 * n - 1], leases[2 * n] = true, key, until_when, id
      attempts[n] = attempt and text_of(whole(attempt) + 1) or '1'
      if ttl then timed[#timed + 1] = id end
      if after then marked[n] = true end
      jobs[2 * n - 1], jobs[2 * n] = id, fields
      taken.bytes = taken.bytes + #(data or '')
      stop = crashed
    end
    seen = seen + 1
    if stop then break end
  end
  -- The lease comes first and the queue last: an error on the way must lose none.
  if #keys > 0 then
    taken.count, taken[#taken + 1], taken[#taken + 2] = taken.count + #keys, queue, jobs
    call('ZADD', started_key(queue), unpack(leases))
    not_later_than('l', queue, until_when)
    mark_started(keys, attempts, token, marked, text_of(now), due)
    for _, id in ipairs(timed) do
      call('PERSIST', job_key(id))
      call('PERSIST', runs_key(id))
    end
  end
  if seen > 0 and due then call('ZREMRANGEBYRANK', scheduled_key(queue), 0, seen - 1)
  elseif seen > 0 then call('LPOP', queue_key(queue), seen) end
  -- Not before, as what follows may put jobs at the head of this very queue.
  for _, id in ipairs(late) do lapse(id, now) end
  return stop, #ids
end
