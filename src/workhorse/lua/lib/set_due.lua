-- When a cron entry is due next, ms; '' for never.
-- @include lib/look_at
local function set_due(name, upcoming)
  if upcoming == '' then
    redis.call('HDEL', cron_key(name), 'due')
  else
    redis.call('HSET', cron_key(name), 'due', upcoming)
  end
  look_at(name, upcoming)
end
