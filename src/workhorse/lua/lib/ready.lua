-- A job that was elsewhere before enters its queue: its `ttl`, seconds, begins anew.
-- @include lib/fields
-- @include lib/place
local function ready(queue, id, at_front)
  local ttl = whole(redis.call('HGET', job_key(id), 'ttl'))
  if ttl > 0 then
    redis.call('PEXPIRE', job_key(id), math.ceil(ttl * 1000))
    redis.call('PEXPIRE', runs_key(id), math.ceil(ttl * 1000))
  end
  place_many(queue, at_front and 'LPUSH' or 'RPUSH', {id})
end
