-- A group of whose jobs none is open is complete, unless somebody is adding to it. The call that it
-- left for this is made once; the group is kept for its `ttl`, ms (a week), more.
-- @include lib/words
-- @include lib/hatch
local function complete(group, now)
  local key = group_key(group)
  local known = redis.call('HMGET', key, 'open', 'created_at', 'ttl', 'call', 'called', 'ended_at')
  if (tonumber(known[1]) or 0) > 0 or not known[2] or known[6] then return end
  if redis.call('ZCOUNT', holds_key(group), '(' .. now, '+inf') > 0 then return end
  redis.call('HSET', key, 'ended_at', now)
  if known[4] and not known[5] then
    local words = words_in(known[4])
    -- Who writes to the keys may have written anything.
    if #words > 3 and #words % 2 == 0 then hatch(words, 1, #words, now) end
    redis.call('HSET', key, 'called', now)
  end
  local ttl = tonumber(known[3]) or 604800000
  if ttl >= 0 then
    redis.call('PEXPIRE', key, ttl)
    redis.call('PEXPIRE', members_key(group), ttl)
  end
  redis.call('SPUBLISH', group_done_key(group), 'complete')
end
