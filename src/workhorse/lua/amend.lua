-- Change what a job carries for its user: its meta or its description.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  id          str     the job
--       field       str     meta or description
--       value       str     '' removes it
--
-- Returns 1. Fails with NOJOB: a job that has expired is not brought back as a stump.

-- @include lib/keys
if redis.call('EXISTS', job_key(id)) == 0 then return redis.error_reply('NOJOB ' .. id) end
if value == '' then
  redis.call('HDEL', job_key(id), field)
else
  redis.call('HSET', job_key(id), field, value)
end
return 1
