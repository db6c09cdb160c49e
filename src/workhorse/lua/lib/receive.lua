-- A job that was stored as another system had it takes the place here that its status names. `ttl` is
-- what is left of its life, ms; -1 is for ever, but for canceled jobs, of which RQ keeps every one.
-- @include lib/fields
-- @include lib/expire
-- @include lib/place
-- @seldom lib/defer
-- @seldom lib/enlist
-- @seldom lib/tally
-- @seldom lib/schedule
local kinds = {finished = 'x', failed = 'f', stopped = 'f', canceled = 'c'}
local registries = {finished = finished_key, failed = failed_key, stopped = failed_key, canceled = canceled_key}
local over = {finished = true, canceled = true}

-- Whether a job that the other system let go must wait here: a parent of it is here and open. Of one
-- that failed, it was let go because the parent was not found there any more.
local function must_wait(id)
  for parent in string.gmatch(fields_of(id, 'parents')[1] or '', '%S+') do
    local status = fields_of(parent, 'status')[1]
    if status and not over[status] then return true end
  end
  return false
end

local function receive(id, queue, status, due, ttl, first, now)
  local key, job = job_key(id), fields_of(id, 'after', 'parents')
  redis.call('SADD', queues, queue)
  if status == 'canceled' and ttl < 0 then ttl = 31536000000 end
  if kinds[status] then
    if job[1] then
      enlist({id}, 'ended', now)
      tally(id, status, now)
    end
    return keep(kinds[status], registries[status](queue), queue, id, ttl, true, now)
  end
  if status == 'queued' and job[2] and must_wait(id) then
    status = 'deferred'
    redis.call('HSET', key, 'status', status)
  end
  local ids = {id}
  if job[1] then ids = enlist(ids, status == 'queued' and 'back' or status, now) end
  if status == 'scheduled' then return schedule(queue, ids, tonumber(due)) end
  if status == 'deferred' then return defer(queue, ids, '', now) end
  if ttl > 0 and not job[1] then
    redis.call('PEXPIRE', key, ttl)
    redis.call('PEXPIRE', runs_key(id), ttl)
  end
  place_many(queue, first and 'LPUSH' or 'RPUSH', ids)
end
