-- A group counts a job of its own that has ended. The last one completes it, unless somebody is
-- still adding to it.
-- @seldom lib/complete
local counted = {finished = 'finished', failed = 'failed', died = 'failed', stopped = 'stopped',
  canceled = 'canceled', released = 'canceled', deleted = 'deleted', expired = 'deleted'}

local function tally(id, how, now)
  local group = redis.call('HGET', job_key(id), 'group_id')
  if not group or redis.call('EXISTS', group_key(group)) == 0 then return end
  redis.call('HINCRBY', group_key(group), counted[how], 1)
  if counted[how] == 'deleted' then redis.call('SREM', members_key(group), id) end
  if redis.call('HINCRBY', group_key(group), 'open', -1) <= 0 then complete(group, now) end
end
