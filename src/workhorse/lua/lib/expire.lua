-- A final job enters a registry and expires together with its history after `ttl` ms; -1 is never.
-- @include lib/agenda
-- `again`: it ran before, so it has a history.
local function keep(kind, registry, queue, id, ttl, again, now)
  if ttl < 0 then
    redis.call('ZADD', registry, '+inf', id)
    redis.call('PERSIST', job_key(id))
    if again then redis.call('PERSIST', runs_key(id)) end
    return
  end
  redis.call('ZADD', registry, now + ttl, id)
  not_later_than(kind, queue, now + ttl)
  redis.call('PEXPIRE', job_key(id), ttl)
  if again then redis.call('PEXPIRE', runs_key(id), ttl) end
end

-- A job leaves without a trace but one, so that nobody waits in vain: how and when it ended,
-- and the nonce of the enqueue that stored it, so that a repeat of that does not run it again.
local function vanish(id, status, nonce, now)
  redis.call('DEL', job_key(id), runs_key(id))
  redis.call('SET', gone_key(id), status .. ' ' .. now .. (nonce and ' ' .. nonce or ''), 'PX', 500000)
end
