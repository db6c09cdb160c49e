-- After the due members of a registry were dealt with: when to look again, no sooner than `soonest`.
-- @include lib/keys
local function look_again(kind, queue, registry, soonest)
  local first = redis.call('ZRANGE', registry, 0, 0, 'WITHSCORES')
  local entry = kind .. ':' .. queue
  if #first == 0 or first[2] == 'inf' then
    redis.call('ZREM', agenda, entry)
  else
    redis.call('ZADD', agenda, math.max(tonumber(first[2]), soonest), entry)
  end
end
