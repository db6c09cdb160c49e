-- Remember the run that a job's hash describes, before the next one overwrites it. Keeps ten, and
-- of a traceback the end, where the error is, without half a character.
-- @include lib/keys
local function remember_run(id, kind, ended, exc)
  local run = redis.call('HMGET', job_key(id), 'attempt', 'started_at', 'token')
  redis.call('RPUSH', runs_key(id), cjson.encode({
    type = kind, attempt = tonumber(run[1] or 0), started_at = tonumber(run[2] or nil),
    ended_at = tonumber(ended), worker = string.match(run[3] or '', '^(.*):') or '',
    exc = string.gsub(string.sub(exc or '', -4096), '^[\128-\191]+', ''),
  }))
  redis.call('LTRIM', runs_key(id), -10, -1)
end
