-- What RQ knows of who waits for whom, while one of them is here and the other there.
-- @include lib/rq
-- A parent of this job that RQ has and that has not finished there. Where the parents are, the job
-- follows: so a parent is never here without a trace while RQ still looks at it.
local function kept_by(id)
  local parents = redis.call('HGET', rq_job(id), 'dependency_ids') or '[]'
  for parent in string.gmatch(parents, '"([^"]+)"') do
    if (redis.call('HGET', rq_job(parent), 'status') or 'finished') ~= 'finished' then return parent end
  end
end

-- RQ takes a parent that it has not for one that has finished. So it must not look at the jobs that
-- wait for this one any more, not for the sake of their other parents either: they are ours to move.
-- Returns false if there is more to do: at most about 5000 steps are done at once.
local function detach(id)
  local waiting, steps = rq_job(id) .. ':dependents', 0
  while steps < 5000 do
    local child = redis.call('SPOP', waiting)
    if not child then return true end
    steps = steps + 1
    if redis.call('HGET', rq_job(child), 'status') == 'deferred' then
      for _, parent in ipairs(redis.call('SMEMBERS', rq .. ':job::' .. child .. ':dependencies')) do
        redis.call('SREM', rq_job(parent) .. ':dependents', child)
        steps = steps + 1
      end
    end
  end
  return false
end

-- Nothing of the job stays at RQ.
local function forget(id)
  local runs, group = rq .. ':executions:' .. id, redis.call('HGET', rq_job(id), 'group_id')
  for _, run in ipairs(redis.call('ZRANGE', runs, 0, -1)) do
    redis.call('DEL', rq .. ':execution:' .. id .. ':' .. run)
  end
  if group and group ~= '' then redis.call('SREM', rq .. ':group:' .. group, id) end
  redis.call('ZREM', rq_line(id) .. ':allowed', id)
  redis.call('DEL', rq_job(id), rq .. ':results:' .. id, rq_job(id) .. ':dependents',
    rq .. ':job::' .. id .. ':dependencies', runs)
end
