-- A job's hash, flat as the client wants it and by name as a script wants it; empty if there is none.
-- @include lib/keys
local function read_job(id)
  -- pcall: a foreign key of that name must not stop the queue.
  local flat, job = redis.pcall('HGETALL', job_key(id)), {}
  if flat.err then return {}, job end
  for i = 1, #flat, 2 do job[flat[i]] = flat[i + 1] end
  return flat, job
end
