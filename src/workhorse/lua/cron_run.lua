-- A cron entry's job runs now, besides its timetable.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       name        str     the entry
--       revision    str     of which definition the job was made
--       queue       str     where the job goes
--       ...         each    the job as `enqueue` has it: a group of one
--
-- Returns 1, or 0 if the entry is another one now. Repeats: the job is known by its id.

-- @include lib/now
-- @include lib/firing
if redis.call('HGET', cron_key(name), 'revision') ~= revision then return 0 end
fire(name, queue, '-', 'allow', 5, milliseconds(time))
return 1
