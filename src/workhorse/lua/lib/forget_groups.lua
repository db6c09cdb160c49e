-- Names of groups that are gone leave the list: whenever one is added, a few are looked at.
-- @include lib/keys
local function forget_groups()
  for _, name in ipairs(redis.call('ZRANDMEMBER', groups, 5)) do
    if redis.call('EXISTS', group_key(name)) == 0 then redis.call('ZREM', groups, name) end
  end
end
