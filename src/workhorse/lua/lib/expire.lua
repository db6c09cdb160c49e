-- A final job expires together with its history after `ttl` ms; -1 is never.
-- `again`: it ran before, so it has a history.
-- @include lib/agenda
local function lifetime(id, ttl, again)
  if ttl < 0 then
    redis.call('PERSIST', job_key(id))
    if again then redis.call('PERSIST', runs_key(id)) end
  else
    redis.call('PEXPIRE', job_key(id), ttl)
    if again then redis.call('PEXPIRE', runs_key(id), ttl) end
  end
end

-- It is kept in a registry for as long.
local function keep(kind, registry, queue, id, ttl, again, now)
  redis.call('ZADD', registry, ttl < 0 and '+inf' or now + ttl, id)
  if ttl >= 0 then not_later_than(kind, queue, now + ttl) end
  lifetime(id, ttl, again)
end

-- A job leaves without a trace but one, so that nobody waits in vain: when and how it ended, and
-- the nonce of the enqueue that stored it, so that a repeat of that does not run it again. Most
-- often it is the time alone: a number takes less memory.
local function vanish(id, status, nonce, now)
  redis.call('DEL', job_key(id), runs_key(id))
  local trace = status == 'finished' and now or now .. ' ' .. status
  if nonce then trace = trace .. ' ' .. nonce end
  redis.call('SET', gone_key(id), trace, 'PX', 500000)
end
