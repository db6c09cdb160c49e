-- Whether a job runs under this very lease. Two reads cost less than one of both fields, and a
-- foreign key of that name (pcall) must stop nobody.
-- @include lib/call
local function holds(key, token)
  return try('HGET', key, 'token') == token and call('HGET', key, 'status') == 'started'
end
