-- Jobs whose time has come go to their queue, oldest first, so many at most. If there are more, they are
-- due behind all else that is.
-- @include lib/call
-- @include lib/fields
-- @include lib/text
-- @include lib/wait
-- @include lib/place
-- @include lib/look_again
-- @seldom lib/admit
local function promote(queue, now, most)
  local registry, back, front, at = scheduled_key(queue), {}, {}, text_of(now)
  local due = call('ZRANGE', registry, '-inf', at, 'BYSCORE', 'LIMIT', 0, most)
  for _, id in ipairs(due) do
    local job = fields_of(id, 'status', 'origin', 'front', 'ttl', 'after', 'rate_limit')
    if job[1] == 'scheduled' and job[2] == queue then
      call('HSET', job_key(id), 'status', 'queued', 'enqueued_at', at)
      if job[3] then call('HDEL', job_key(id), 'front') end
      if job[4] and not job[5] then wait_again(id, job[4]) end
      if not job[6] or admit(id, job[6], now) then
        local ids = job[3] == '1' and front or back
        ids[#ids + 1] = id
      end
    end
  end
  place_many(queue, 'RPUSH', back)
  place_many(queue, 'LPUSH', front)
  if #due > 0 then call('ZREMRANGEBYRANK', registry, 0, #due - 1) end
  look_again('s', queue, registry, now)
end
