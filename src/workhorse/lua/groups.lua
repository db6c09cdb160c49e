-- The groups and how far they are, read without changing anything.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       start       int     how many of the newest to pass over
--       most        int     how many to look at
--
-- Returns how many names are known, and of each of these groups that is not gone {name, open,
-- finished, failed, stopped, canceled, deleted, 1 if it is complete}.

-- @include lib/now
-- @include lib/keys
-- @include lib/fields
local now, answer = milliseconds(time), {redis.call('ZCARD', groups)}
local newest = redis.call('ZRANGE', groups, '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', start, most)
for _, name in ipairs(newest) do
  local key, row = group_key(name), {name}
  local found = redis.pcall('HMGET', key, 'open', 'finished', 'failed', 'stopped', 'canceled',
    'deleted', 'created_at', 'ended_at')
  if found[7] then
    for i = 1, 6 do row[i + 1] = math.max(0, whole(found[i])) end
    local held = redis.call('ZCOUNT', holds_key(name), '(' .. now, '+inf') > 0
    row[8] = (found[8] and not held) and 1 or 0
    answer[#answer + 1] = row
  end
end
return answer
