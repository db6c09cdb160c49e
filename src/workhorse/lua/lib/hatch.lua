-- Store a call that was packed for later, as {id, queue, field, value, …} from `at` on, up to `last`,
-- and put it into its queue; unless it is there already and has not ended. `more`: other fields of it.
-- @include lib/fields
-- @include lib/open
-- @include lib/displace
-- @include lib/place
local function hatch(words, at, last, now, more)
  local id, queue = words[at], words[at + 1]
  local job = fields_of(id, 'status', 'origin')
  if open[job[1] or ''] then return end
  if job[1] and job[2] then displace(id, job[2], job[1]) end
  redis.call('DEL', job_key(id), runs_key(id), gone_key(id))
  redis.call('HSET', job_key(id), 'status', 'queued', 'origin', queue, 'created_at', now, unpack(words, at + 2, last))
  if more then redis.call('HSET', job_key(id), unpack(more)) end
  -- Last, for it may be given straight to a worker.
  place_many(queue, 'RPUSH', {id})
end
