-- A group has a job more that has not ended: if it was complete, it is not any more, and is kept.
-- @include lib/keys
local function reopen(group)
  redis.call('HINCRBY', group_key(group), 'open', 1)
  if redis.call('HDEL', group_key(group), 'ended_at') == 1 then
    redis.call('PERSIST', group_key(group))
    redis.call('PERSIST', members_key(group))
  end
end
