-- Whether a job whose end has consequences has waited longer than its `ttl`, seconds; then it is gone.
-- The hash of others expires by itself.
-- @include lib/fields
-- @include lib/conclude
local function lapse(id, ttl, now)
  local job = fields_of(id, 'enqueued_at', 'created_at')
  if whole(job[1], whole(job[2], now)) + whole(ttl) * 1000 > now then return false end
  conclude(id, 'expired', now)
  redis.call('DEL', job_key(id), runs_key(id))
  redis.call('SPUBLISH', done_key(id), 'deleted')
  return true
end
