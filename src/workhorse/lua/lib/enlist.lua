-- Jobs that were just stored join their group; returns those that may enter their queue: not those
-- that stand in line because their limit is reached.
-- @include lib/fields
-- @include lib/reopen
-- @seldom lib/admit
-- @seldom lib/forget_groups
local function enlist(ids, place, now)
  local free = {}
  for _, id in ipairs(ids) do
    local job = fields_of(id, 'group_id', 'rate_limit')
    if job[1] then
      redis.call('HSETNX', group_key(job[1]), 'created_at', now)
      if redis.call('ZADD', groups, 'NX', now, job[1]) == 1 then forget_groups() end
      reopen(job[1])
      redis.call('SADD', members_key(job[1]), id)
    end
    local at_once = place == 'back' or place == 'front'
    if not (job[2] and at_once) or admit(id, job[2], now) then free[#free + 1] = id end
  end
  return free
end
