-- Tell a worker which cron entries are due, at most 20. It is told alone: if nothing has come of it
-- after two seconds, the next worker that looks is told.
-- @include lib/keys
-- @include lib/text
-- @include lib/look_again
local function announce(news, now)
  local due = redis.call('ZRANGE', crons, '-inf', now, 'BYSCORE', 'LIMIT', 0, 20)
  for _, name in ipairs(due) do
    redis.call('ZADD', crons, text_of(now + 2000), name)
    news[#news + 1], news[#news + 2] = 'cron', name
  end
  look_again('t', '', crons, 0)
end
