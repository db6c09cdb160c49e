-- Jobs whose time has come go to their queue, oldest first, at most 500 per call.
-- @include lib/fields
-- @include lib/text
-- @include lib/wait
-- @include lib/place
-- @include lib/look_again
-- @seldom lib/admit
local function promote(queue, now)
  local registry, back, front = scheduled_key(queue), {}, {}
  local due = redis.call('ZRANGE', registry, '-inf', now, 'BYSCORE', 'LIMIT', 0, 500)
  for _, id in ipairs(due) do
    local job = fields_of(id, 'status', 'origin', 'front', 'ttl', 'after', 'rate_limit')
    if job[1] == 'scheduled' and job[2] == queue then
      redis.call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', text_of(now))
      if job[3] then redis.call('HDEL', job_key(id), 'front') end
      if not job[5] then wait_again(id, job[4]) end
      if not job[6] or admit(id, job[6], now) then
        local ids = job[3] == '1' and front or back
        ids[#ids + 1] = id
      end
    end
  end
  place_many(queue, 'RPUSH', back)
  place_many(queue, 'LPUSH', front)
  if #due > 0 then redis.call('ZREMRANGEBYRANK', registry, 0, #due - 1) end
  look_again('s', queue, registry, 0)
end
