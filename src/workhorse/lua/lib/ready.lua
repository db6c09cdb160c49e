-- A job that was elsewhere before enters its queue, or stands in line if its limit is reached.
-- @include lib/wait
-- @include lib/place
-- @seldom lib/admit
local function ready(queue, id, at_front, now)
  local job = fields_of(id, 'ttl', 'after', 'rate_limit')
  if job[3] and not admit(id, job[3], now) then return end
  if not job[2] then wait_again(id, job[1]) end
  place_many(queue, at_front and 'LPUSH' or 'RPUSH', {id})
end
