-- Take a job out of the one place that its status says it is in.
-- @include lib/keys
-- @include lib/limit
local function displace(id, queue, status)
  if status == 'queued' then
    redis.call('LREM', queue_key(queue), 1, id)
  elseif status == 'rate_limited' then
    local limit = redis.call('HGET', job_key(id), 'rate_limit')
    redis.call('ZREM', limited_key(limit_of(limit) or ''), id)
  else
    if status == 'deferred' then redis.call('DEL', waits_key(id)) end
    -- Each registry is called like its status; stopped jobs are kept among the failed.
    redis.call('ZREM', prefix .. (status == 'stopped' and 'failed' or status) .. ':' .. queue, id)
  end
end
