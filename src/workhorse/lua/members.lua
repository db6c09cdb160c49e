-- Read a registry without changing it; entries that have expired are not shown.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       registry    str     its key
--       expires     int     1 if scores are expiries, else ''
--       start       int     index of the first id wanted
--       stop        int     index of the last, -1 for all
--       order       str     asc or desc by score
--
-- Returns {how many there are, {ids}}.

-- @include lib/now
local from = '-inf'
if expires == '1' then from = '(' .. milliseconds(time) end
local total = redis.call('ZCOUNT', registry, from, '+inf')
start, stop = tonumber(start), tonumber(stop)
if start < 0 then start = math.max(0, total + start) end
if stop < 0 then stop = total + stop end
if stop < start then return {total, {}} end
if order == 'desc' then
  return {total, redis.call('ZRANGE', registry, '+inf', from, 'BYSCORE', 'REV', 'LIMIT', start, stop - start + 1)}
end
return {total, redis.call('ZRANGE', registry, from, '+inf', 'BYSCORE', 'LIMIT', start, stop - start + 1)}
