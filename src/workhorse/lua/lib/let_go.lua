-- A job that has a limit gives up its slot, or its place in the line for one; who is next goes to
-- its queue.
-- @include lib/advance
-- @include lib/limit
local function let_go(id, now)
  local limit = redis.call('HGET', job_key(id), 'rate_limit')
  local key = limit_of(limit)
  if not key then return end
  redis.call('SREM', slots_key(key), id)
  redis.call('ZREM', limited_key(key), id)
  advance(key, now)
  if redis.call('EXISTS', slots_key(key), limited_key(key)) == 0 then redis.call('ZREM', limits, key) end
end
