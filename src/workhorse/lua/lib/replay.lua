-- A worker's hash remembers the last exchange that changed something: a repeat of it changes
-- nothing and is answered from here.
-- @include lib/keys
-- @include lib/fence
-- @include lib/hash
local function replay(last, token, lease, taken, refused, now)
  for id in string.gmatch(last[2] or '', '%S+') do
    local fields, _, origin = read_job(job_key(id))
    if holds(job_key(id), token) then
      redis.call('ZADD', started_key(origin), 'XX', 'GT', now + lease, id)
      taken[#taken + 1], taken[#taken + 2] = origin, {id, fields}
    end
  end
  for id in string.gmatch(last[3] or '', '%S+') do refused[#refused + 1] = id end
end
