-- Occurrences of a cron entry have come: their jobs are stored and the next time is set, in one step.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       name        str     the entry
--       revision    str     of which definition the jobs were made
--       due         int     when it was due then, ms
--       upcoming    int     when it is due after these occurrences, ms; '' for never
--       overlap     str     allow, skip, or queue
--       queue       str     where the jobs go
--       ...         each    when the occurrence was due, ms, and its job as `enqueue` has it: a
--                           group of one
--
-- Returns the ids that were stored; nil if somebody else was first, or the entry is another one now:
-- then nothing was done.

-- @include lib/now
-- @include lib/firing
-- @include lib/set_due
local now = milliseconds(time)
local entry, at, fired = redis.call('HMGET', cron_key(name), 'revision', 'due', 'paused'), 8, {}
if entry[1] ~= revision or entry[2] ~= due or entry[3] then return nil end
while ARGV[at] do
  local width = ARGV[at + 7] + 1
  local last = at + 7 + 2 * width - 1
  if fire(name, queue, ARGV[at], overlap, at + 1, now) then fired[#fired + 1] = ARGV[at + 7 + width] end
  at = last + 1
end
set_due(name, upcoming)
return fired
