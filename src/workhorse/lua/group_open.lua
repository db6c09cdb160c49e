-- A group is made, before it has jobs.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       name        str     the group
--       nonce       str     names this call; a group that bears it was made by an earlier send
--       ttl         int     ms that it is kept once it is complete; -1 for ever
--       call        str     packed words of lib/hatch: what to call then, or ''
--
-- Returns 1. Fails with DUPLICATE <name> if there is a group of that name.

-- @include lib/now
-- @include lib/keys
-- @include lib/forget_groups
local now, key = milliseconds(time), group_key(name)
local bears = redis.call('HGET', key, 'nonce')
if bears == nonce then return 1 end
if bears or redis.call('EXISTS', key) == 1 then return redis.error_reply('DUPLICATE ' .. name) end
redis.call('HSET', key, 'created_at', now, 'open', 0, 'ttl', ttl, 'nonce', nonce)
if call ~= '' then redis.call('HSET', key, 'call', call) end
redis.call('ZADD', groups, now, name)
forget_groups()
return 1
