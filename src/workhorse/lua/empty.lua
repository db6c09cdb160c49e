-- Delete waiting jobs from the head of a queue, a bounded number per call.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       queue       str     name of the queue
--       at_most     int     how many, up to 5000
--
-- Returns how many were deleted; fewer than `at_most` means that the queue is empty.

-- @include lib/now
-- @include lib/fields
-- @seldom lib/conclude
local left = tonumber(at_most)
local ids = redis.call('LPOP', queue_key(queue), left)
while ids do
  for _, id in ipairs(ids) do
    local job = fields_of(id, 'status', 'origin', 'after')
    if job[1] == 'queued' and job[2] == queue then
      if job[3] then conclude(id, 'deleted', milliseconds(time)) end
      redis.call('DEL', job_key(id), runs_key(id))
      redis.call('SPUBLISH', done_key(id), 'deleted')
    end
  end
  left = left - #ids
  -- Those that stood in line for a slot of what was deleted have come meanwhile.
  ids = left > 0 and redis.call('LPOP', queue_key(queue), left)
end
return at_most - left
