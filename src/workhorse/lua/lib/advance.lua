-- The slots of a limit that are free go to those that stand in line for them, who enter their queues.
-- The first in line decides how many may have one, for each job brings the limit that it was given.
-- @include lib/fields
-- @include lib/place
local function advance(key, now)
  for _ = 1, 100 do
    local next = redis.call('ZRANGE', limited_key(key), 0, 0)[1]
    if not next then return end
    local job = fields_of(next, 'status', 'origin', 'rate_limit')
    local most = job[1] == 'rate_limited' and tonumber(string.match(job[3] or '', '^%d+'))
    if most and redis.call('SCARD', slots_key(key)) >= most then return end
    redis.call('ZREM', limited_key(key), next)
    if most then
      redis.call('SADD', slots_key(key), next)
      redis.call('HSET', job_key(next), 'status', 'queued', 'enqueued_at', now)
      place_many(job[2], 'RPUSH', {next})
    end
  end
end
