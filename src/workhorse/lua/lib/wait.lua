-- A job that was elsewhere before waits in its queue: its `ttl`, seconds, begins anew.
-- @include lib/fields
local function wait_again(id, ttl)
  ttl = math.ceil(whole(ttl) * 1000)
  if ttl > 0 then
    redis.call('PEXPIRE', job_key(id), ttl)
    redis.call('PEXPIRE', runs_key(id), ttl)
  end
end
