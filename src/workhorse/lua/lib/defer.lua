-- Jobs that were just stored wait for those in their field `parents`; those that need not wait go
-- to their queue at once, and those whose parent has failed fare as they wish.
-- @include lib/fields
-- @include lib/ended
-- @include lib/agenda
-- @include lib/mark
-- @include lib/undefer
-- @include lib/doom
-- How a parent has ended, or nil if it has not. One that is long gone counts as finished.
local function fate(parent)
  local job = fields_of(parent, 'status', 'after')
  if not job[1] then
    local how = string.match(redis.call('GET', gone_key(parent)) or '', '^%S+ (%l+)')
    return ended[how or ''] and how or 'finished'
  end
  if job[1] ~= 'finished' then mark(parent, job[1], job[2]) end
  if ended[job[1]] then return job[1] end
end

local function defer_one(id, queue, now)
  local job, open = fields_of(id, 'parents', 'on_parent', 'due', 'front'), {}
  for parent in string.gmatch(job[1] or '', '[^ !]+') do
    local how = fate(parent)
    if not how then
      redis.call('RPUSH', dependents_key(parent), id)
      open[#open + 1] = parent
    elseif how ~= 'finished' and job[2] == 'wait' and redis.call('EXISTS', job_key(parent)) == 1 then
      redis.call('RPUSH', patients_key(parent), id)
      not_later_than('w', parent, now)
      open[#open + 1] = parent
    elseif how ~= 'finished' and job[2] ~= 'any' and not (job[2] == 'run' and how ~= 'canceled') then
      return doom(id, queue, parent, how, job[2], now)
    end
  end
  if #open == 0 then return undefer(id, queue, job[3], job[4], now) end
  for i = 1, #open, 4000 do redis.call('SADD', waits_key(id), unpack(open, i, math.min(i + 3999, #open))) end
  redis.call('ZADD', deferred_key(queue), now, id)
  redis.call('SADD', queues, queue)
end

local function defer(queue, ids, delay, now)
  for _, id in ipairs(ids) do
    if delay ~= '' then redis.call('HSET', job_key(id), 'due', now + delay) end
    defer_one(id, queue, now)
  end
end
