-- A job of a group is to be deleted, or has ended as `how`: it is counted so, unless it had ended
-- before (`status`). Returns the group if none of its jobs is open any more.
-- @include lib/keys
-- @include lib/ended
local counted = {finished = 'finished', failed = 'failed', died = 'failed', stopped = 'stopped',
  canceled = 'canceled', released = 'canceled', deleted = 'deleted', expired = 'deleted'}

local function quit(id, status, how)
  local group = redis.call('HGET', job_key(id), 'group_id')
  -- Who writes to the keys may have written anything, and an outcome must be accepted nevertheless.
  if not group or redis.call('TYPE', group_key(group)).ok ~= 'hash' then return end
  if counted[how] == 'deleted' then redis.call('SREM', members_key(group), id) end
  if ended[status] then return end
  redis.pcall('HINCRBY', group_key(group), counted[how], 1)
  local open = redis.pcall('HINCRBY', group_key(group), 'open', -1)
  if type(open) == 'number' and open <= 0 then return group end
end
