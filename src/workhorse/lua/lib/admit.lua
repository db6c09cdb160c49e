-- Whether a job whose limit is `<how many> <key>` may enter its queue: then it has a slot from now
-- on. If not, it stands in line, first come first served.
-- @include lib/fields
-- @include lib/advance
-- @include lib/limit
local holding = {queued = true, started = true}

-- A slot whose job was lost is free again. A few are looked at each time.
local function sweep(key)
  for _, id in ipairs(redis.call('SRANDMEMBER', slots_key(key), 3)) do
    local job = fields_of(id, 'status', 'rate_limit')
    if not holding[job[1] or ''] or limit_of(job[2]) ~= key then
      redis.call('SREM', slots_key(key), id)
    end
  end
end

local function admit(id, limit, now)
  local most, key = string.match(limit, '^(%d+) (.+)$')
  if not key or redis.call('SISMEMBER', slots_key(key), id) == 1 then return true end
  local line, slots = limited_key(key), slots_key(key)
  redis.call('ZADD', limits, 'NX', now, key)
  if redis.call('SCARD', slots) >= tonumber(most) then sweep(key) end
  -- Those in line come first.
  if redis.call('SCARD', slots) < tonumber(most) then advance(key, now) end
  if redis.call('SCARD', slots) < tonumber(most) and redis.call('ZCARD', line) == 0 then
    redis.call('SADD', slots, id)
    return true
  end
  local last = redis.call('ZRANGE', line, -1, -1, 'WITHSCORES')
  redis.call('ZADD', line, 'NX', (tonumber(last[2]) or 0) + 1, id)
  redis.call('HSET', job_key(id), 'status', 'rate_limited')
  return false
end
