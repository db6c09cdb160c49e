-- Whether a job runs under this very lease, and whether its end has consequences: a `+` after the
-- token says so, to spare all others a question. Two reads cost less than one of both fields, and
-- a foreign key of that name (try) must stop nobody.
-- @include lib/call
local function holds(key, token)
  local held = try('HGET', key, 'token')
  if held == token then return call('HGET', key, 'status') == 'started', false end
  if held == token .. '+' then return call('HGET', key, 'status') == 'started', true end
  return false, false
end
