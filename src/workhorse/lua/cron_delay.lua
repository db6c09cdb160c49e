-- A worker cannot fire a cron entry (its zone is not known there, say): look again later.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       name        str     the entry
--       revision    str     that it could not fire
--       wait        int     ms
--
-- Returns 1, or 0 if the entry is another one now, or paused.

-- @include lib/now
-- @include lib/text
-- @include lib/look_at
local entry = redis.call('HMGET', cron_key(name), 'revision', 'paused')
if (entry[1] or '') ~= revision or entry[2] then return 0 end
look_at(name, text_of(milliseconds(time) + wait))
return 1
