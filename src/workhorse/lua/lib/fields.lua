-- What a job's hash says, for scripts that must not stumble over one that others have written:
-- one job with garbage in it would stop every worker of its queue.
-- @include lib/keys
-- Fields by position; all nil if the key is no hash.
local function fields_of(id, ...)
  local found = redis.pcall('HMGET', job_key(id), ...)
  return found.err and {} or found
end

-- A whole number that can be counted with, else `default`, or 0.
local function whole(text, default)
  local number = tonumber(text or '')
  if not number or number ~= number or math.abs(number) > 1e14 then return default or 0 end
  return math.floor(number)
end

local function bump(id, field, by)
  redis.call('HSET', job_key(id), field, math.max(0, whole(redis.call('HGET', job_key(id), field))) + by)
end
