-- A job whose end has consequences has waited longer than its `ttl`: it is gone.
-- @include lib/conclude
local function lapse(id, now)
  conclude(id, 'expired', now)
  redis.call('DEL', job_key(id), runs_key(id))
  redis.call('SPUBLISH', done_key(id), 'deleted')
end
