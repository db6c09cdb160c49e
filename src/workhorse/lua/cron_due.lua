-- Which cron entries are due, for a worker that is too busy to exchange jobs.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--
-- Returns {cron, name, …}; the caller is told alone for two seconds.

-- @include lib/now
-- @include lib/announce
local news, now = {}, milliseconds(time)
local first = redis.call('ZSCORE', agenda, 't:')
if first and tonumber(first) <= now then announce(news, now) end
return news
