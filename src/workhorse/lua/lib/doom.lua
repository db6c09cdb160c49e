-- A job will not run, because one that it waited for ended as `how`. It fails, or is canceled, as it
-- wished. The agenda remembers those that wait for it in turn: a chain may be long.
-- @include lib/fields
-- @include lib/expire
-- @include lib/vanish
-- @include lib/tally
-- @include lib/follow
local said = {failed = 'failed', died = 'failed', expired = 'expired', gone = 'failed and is gone'}

local function doom(id, queue, parent, how, policy, now)
  local job = fields_of(id, 'failure_ttl', 'after')
  local ttl, status = whole(job[1], 31536000), policy == 'cancel' and 'canceled' or 'failed'
  if ttl > 0 then ttl = ttl * 1000 end
  redis.call('ZREM', deferred_key(queue), id)
  redis.call('DEL', waits_key(id))
  local why = 'workhorse.exceptions.DependencyFailedError: job ' .. parent .. ', which it depends on, '
    .. (said[how] or 'was ' .. how)
  redis.call('HSET', job_key(id), 'status', status, 'ended_at', now, 'exc_info', why)
  if job[2] then
    local ended = status == 'failed' and 'died' or status
    tally(id, ended, now)
    follow(id, ended, now, why)
    not_later_than('d', ended .. ':' .. id, now)
  end
  if ttl == 0 then vanish(id, status, now)
  elseif status == 'canceled' then keep('c', canceled_key(queue), queue, id, ttl, false, now)
  else keep('f', failed_key(queue), queue, id, ttl, false, now) end
  redis.call('SPUBLISH', done_key(id), status)
end
