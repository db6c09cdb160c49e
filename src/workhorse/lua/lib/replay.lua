-- A worker's hash remembers the last exchange that changed something: a repeat of it changes
-- nothing and is answered from here.
-- @include lib/hash
local function replay(last, token, lease, taken, refused, now)
  for id in string.gmatch(last[2] or '', '%S+') do
    local fields, job = read_job(id)
    if job.status == 'started' and job.token == token then
      redis.call('ZADD', started_key(job.origin), 'XX', 'GT', now + lease, id)
      taken[#taken + 1] = {id, job.origin, fields, 1}
    end
  end
  for id in string.gmatch(last[3] or '', '%S+') do refused[#refused + 1] = id end
end
