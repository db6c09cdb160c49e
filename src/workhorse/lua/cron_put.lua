-- A cron entry is there from now on, or has another definition. Its next time stays if its timetable
-- does, and so does its pause.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  name        str     the entry
--       revision    str     the same for the same definition
--       timetable   str     when it is due
--       due         int     when it is due first, ms
--       queue       str     where its jobs go: a worker of that queue should know at once
--       ...         each    field and value of the rest of its definition
--
-- Returns new, changed, or same: then nothing was done.

-- @include lib/look_at
-- @include lib/ring
local entry = cron_key(name)
local old = redis.call('HMGET', entry, 'revision', 'timetable', 'due', 'paused')
if old[1] == revision then return 'same' end
if old[2] == timetable and old[3] then due = old[3] end
redis.call('DEL', entry)
redis.call('HSET', entry, 'revision', revision, 'timetable', timetable, 'due', due, 'queue', queue, unpack(ARGV, 6))
if old[4] then redis.call('HSET', entry, 'paused', old[4]) end
look_at(name, old[4] and '' or due)
ring(queue)
return old[1] and 'changed' or 'new'
