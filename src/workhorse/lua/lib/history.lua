-- Remember the run that a job's hash describes, before the next one overwrites it. Keeps ten, and
-- of a traceback the end, where the error is, without half a character.
-- @include lib/fields
local function remember_run(id, kind, ended, exc)
  local run = fields_of(id, 'attempt', 'started_at', 'token')
  redis.pcall('RPUSH', runs_key(id), cjson.encode({
    type = kind, attempt = whole(run[1]), started_at = run[2] and whole(run[2]) or nil,
    ended_at = tonumber(ended), worker = string.match(run[3] or '', '^(.*):') or '',
    exc = string.gsub(string.sub(exc or '', -4096), '^[\128-\191]+', ''),
  }))
  redis.pcall('LTRIM', runs_key(id), -10, -1)
end
