-- Take a job out of the one place that its status says it is in.
-- @include lib/keys
local function displace(id, queue, status)
  if status == 'queued' then
    redis.call('LREM', queue_key(queue), 1, id)
  else
    -- Each registry is called like its status; stopped jobs are kept among the failed.
    redis.call('ZREM', prefix .. (status == 'stopped' and 'failed' or status) .. ':' .. queue, id)
  end
end
