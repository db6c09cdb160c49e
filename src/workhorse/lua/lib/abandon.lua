-- The worker of a job vanished. That is not the job's fault, so it is delivered again,
-- unless it has happened too often or the job must not run twice.
-- @include lib/fields
-- @include lib/release
-- @include lib/fail
local function abandon(id, queue, max_crashes, now)
  local job = fields_of(id, 'status', 'crashes', 'on_crash', 'failure_ttl', 'started_at', 'after')
  if job[1] ~= 'started' then
    redis.call('ZREM', started_key(queue), id)
    return
  end
  local crashes = whole(job[2])
  if job[3] ~= 'fail' and crashes < tonumber(max_crashes) then
    return release(id, queue, true, job[6], now)
  end
  local why = 'workhorse.exceptions.AbandonedJobError: the worker that ran the job vanished, for the '
    .. (crashes + 1) .. '. time'
  if job[3] == 'fail' then why = why .. '; its on_crash policy is to fail at once' end
  local ttl = whole(job[4], 31536000)
  if ttl > 0 then ttl = ttl * 1000 end
  bump(id, 'crashes', 1)
  fail(id, queue, 'failed', why, ttl, now - whole(job[5], now), true, now, job[6] and 'died')
end
