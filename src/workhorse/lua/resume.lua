-- Queues that are suspended are served again.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       ...         str     names of queues; * for the suspension of all
--
-- Returns how many were suspended.

-- @include lib/now
-- @seldom lib/resume
local now, ended = milliseconds(time), 0
for i = 2, #ARGV do ended = ended + resume(ARGV[i], now) end
return ended
