-- A job's hash as the client gets it, and by name what scripts need of it; empty if there is none.
-- @include lib/call
local function read_job(key)
  -- A foreign key of that name must not stop the queue.
  local flat = try('HGETALL', key)
  local status, origin, attempt, crashes, ttl, data, after
  for i = 1, #flat, 2 do
    local name = flat[i]
    if name == 'data' then data = flat[i + 1]
    elseif name == 'status' then status = flat[i + 1]
    elseif name == 'origin' then origin = flat[i + 1]
    elseif name == 'attempt' then attempt = flat[i + 1]
    elseif name == 'crashes' then crashes = flat[i + 1]
    elseif name == 'ttl' then ttl = flat[i + 1]
    elseif name == 'after' then after = flat[i + 1] end
  end
  return flat, status, origin, attempt, crashes, ttl, data, after
end
