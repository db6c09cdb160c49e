-- A job leaves without a trace but one, so that nobody waits in vain: when and how it ended, and
-- the nonce of the enqueue that stored it, so that a repeat of that does not run it again. Most
-- often it is the time alone: a number takes less memory.
-- @include lib/keys
local function vanish(id, status, now)
  local nonce = redis.call('HGET', job_key(id), 'nonce')
  redis.call('DEL', job_key(id), runs_key(id))
  local trace = status == 'finished' and now or now .. ' ' .. status
  if nonce then trace = trace .. ' ' .. nonce end
  redis.call('SET', gone_key(id), trace, 'PX', 500000)
end
