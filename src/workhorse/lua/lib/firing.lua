-- A cron entry fires: its job, which ARGV has from `at` on as a group of one, is stored unless it was
-- before. `overlap` says what else may be in the way: a job of the entry that has not ended. Returns
-- whether it was stored.
-- @include lib/fields
-- @include lib/open
-- @include lib/store
-- The newest of the entry's jobs that have not ended, and whether one of them waits for another.
local function unended(name)
  local newest, waits
  for _, line in ipairs(redis.call('LRANGE', fired_key(name), 0, 9)) do
    local id = string.match(line, '%S+$')
    local status = fields_of(id, 'status')[1]
    if open[status or ''] then
      newest, waits = newest or id, waits or status == 'deferred'
    end
  end
  return newest, waits
end

local function fire(name, queue, due, overlap, at, now)
  local width = ARGV[at + 6] + 1
  local first = at + 6 + width
  local id = ARGV[first]
  if redis.call('EXISTS', job_key(id), gone_key(id)) > 0 then return false end
  if overlap ~= 'allow' then
    local newest, waits = unended(name)
    if newest and (overlap == 'skip' or waits) then return false end
    -- Whatever the end of that one is, this one follows.
    if newest then redis.call('HSET', job_key(id), 'parents', newest, 'on_parent', 'any') end
  end
  store(queue, at, first, first, width, {[id] = true}, {}, now)
  redis.call('LPUSH', fired_key(name), due .. ' ' .. text_of(now) .. ' ' .. id)
  redis.call('LTRIM', fired_key(name), 0, 999)
  return true
end
