-- A job that has a limit gives up its slot, or its place in the line for one; who is next goes to
-- its queue.
-- @include lib/fields
-- @include lib/place
local function let_go(id, now)
  local limit = redis.call('HGET', job_key(id), 'rate_limit')
  local most, key = string.match(limit or '', '^(%d+) (.+)$')
  if not key then return end
  if redis.call('SREM', slots_key(key), id) == 0 then
    redis.call('ZREM', limited_key(key), id)
    return
  end
  for _ = 1, 100 do
    if redis.call('SCARD', slots_key(key)) >= tonumber(most) then return end
    local next = redis.call('ZPOPMIN', limited_key(key))[1]
    if not next then return end
    local job = fields_of(next, 'status', 'origin')
    if job[1] == 'rate_limited' then
      redis.call('SADD', slots_key(key), next)
      redis.call('HSET', job_key(next), 'status', 'queued', 'enqueued_at', now)
      place_many(job[2], 'RPUSH', {next})
    end
  end
end
