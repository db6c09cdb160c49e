-- When a worker should look at a cron entry next, ms, or '' for never; the agenda follows.
-- @include lib/keys
-- @include lib/look_again
local function look_at(name, due)
  redis.call('ZADD', crons, due == '' and '+inf' or due, name)
  look_again('t', '', crons, 0)
end
