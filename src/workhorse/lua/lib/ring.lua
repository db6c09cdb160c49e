-- Wake one worker that is blocked on this queue; a bell that rings already stays as it is.
-- It expires: with no worker alive nobody would pick it up.
-- @include lib/keys
local function ring(queue)
  local bell = bell_key(queue)
  if redis.call('LLEN', bell) == 0 then
    redis.call('LPUSH', bell, 1)
    redis.call('PEXPIRE', bell, 10000)
  end
end
