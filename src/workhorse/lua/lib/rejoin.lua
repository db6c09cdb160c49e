-- A job of a group that had ended is open again. A group that was complete is not, for now; its call
-- is not made twice.
-- @include lib/reopen
local function rejoin(id, status)
  local group = redis.call('HGET', job_key(id), 'group_id')
  if not group or redis.call('EXISTS', group_key(group)) == 0 then return end
  redis.call('HINCRBY', group_key(group), status, -1)
  reopen(group)
end
