-- A job's hash, flat as the client wants it and by name as a script wants it.
-- @include lib/keys
local function read_job(id)
  local flat, job = redis.call('HGETALL', job_key(id)), {}
  for i = 1, #flat, 2 do job[flat[i]] = flat[i + 1] end
  return flat, job
end
