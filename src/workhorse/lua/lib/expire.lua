-- A job that has ended is kept in a registry for `ttl` ms; -1 is for ever.
-- @include lib/agenda
-- @include lib/lifetime
local function keep(kind, registry, queue, id, ttl, again, now)
  redis.call('ZADD', registry, ttl < 0 and '+inf' or now + ttl, id)
  if ttl >= 0 then not_later_than(kind, queue, now + ttl) end
  lifetime(id, ttl, again)
end
