-- A job that has not finished gets the mark of those whose end has consequences.
-- @include lib/keys
local function mark(id, status, after)
  if after then return end
  redis.call('HSET', job_key(id), 'after', 1)
  if status == 'started' then
    redis.call('HSET', job_key(id), 'token', (redis.call('HGET', job_key(id), 'token') or '') .. '+')
  elseif status == 'queued' then
    -- Its `ttl` is looked at when it is its turn, so that its end is noticed.
    redis.call('PERSIST', job_key(id))
    redis.call('PERSIST', runs_key(id))
  end
end
