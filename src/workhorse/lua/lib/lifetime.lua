-- A final job expires together with its history after `ttl` ms; -1 is never.
-- `again`: it ran before, so it has a history.
-- @include lib/keys
local function lifetime(id, ttl, again)
  if ttl < 0 then
    redis.call('PERSIST', job_key(id))
    if again then redis.call('PERSIST', runs_key(id)) end
  else
    redis.call('PEXPIRE', job_key(id), ttl)
    if again then redis.call('PEXPIRE', runs_key(id), ttl) end
  end
end
