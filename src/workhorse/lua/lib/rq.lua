-- The keys of RQ, and where it has its jobs.
-- @include lib/keys
local function rq_job(id) return rq .. ':job:' .. id end
local function rq_key(kind) return rq .. ':' .. kind .. ':' .. queue end
local function rq_line(id) return rq .. ':rl:' .. (redis.call('HGET', rq_job(id), 'rate_limit_key') or '') end

-- What the fields held, as the adopter made it when it read them.
local function digest_of(names)
  local words, parts = {}, {}
  for name in string.gmatch(names, '%S+') do words[#words + 1] = name end
  for i, value in ipairs(redis.call('HMGET', rq_job(id), unpack(words))) do
    parts[i] = value and #value .. ':' .. value or 'none'
  end
  return redis.sha1hex(table.concat(parts))
end

-- Whether a worker of RQ lives that may have the job in hand.
local function served(queue)
  for _, key in ipairs(redis.call('SMEMBERS', rq_key('workers'))) do
    if redis.call('EXISTS', key) == 1 then return true end
  end
  return false
end

-- Whether the job is in its place: there, elsewhere, or busy.
local function find(place, queue, member, status, now)
  local found
  if place == 'queue' then found = redis.call('LPOS', rq_key('queue'), id)
  elseif place == 'taken' then
    found = redis.call('LPOS', rq_key('queue') .. ':intermediate', id)
    if found and served(queue) then return 'busy' end
  elseif place == 'wip' then
    found = redis.call('ZSCORE', rq_key('wip'), member)
    local worker = redis.call('HGET', rq_job(id), 'worker_name')
    local alive = worker and redis.call('EXISTS', rq .. ':worker:' .. worker) == 1
    if found and (alive or tonumber(found) * 1000 > now) then return 'busy' end
  elseif place == 'limited' then found = redis.call('ZSCORE', rq_line(id) .. ':rate_limited', id)
  elseif place == 'lost' then
    found = not redis.call('LPOS', rq_key('queue'), id) and redis.call('EXISTS', rq .. ':executions:' .. id) == 0
    for _, kind in ipairs({'scheduled', 'deferred', 'ready', 'failed', 'finished', 'canceled'}) do
      found = found and not redis.call('ZSCORE', rq_key(kind), id)
    end
    if found and status == 'queued' and served(queue) then return 'busy' end
  else found = redis.call('ZSCORE', rq_key(place), id) end
  return found and 'there' or 'elsewhere'
end

local function leave(place, queue, member)
  if place == 'queue' then return redis.call('LREM', rq_key('queue'), 1, member) end
  if place == 'taken' then return redis.call('LREM', rq_key('queue') .. ':intermediate', 1, member) end
  if place == 'limited' then return redis.call('ZREM', rq_line(id) .. ':rate_limited', member) end
  return place == 'lost' and 0 or redis.call('ZREM', rq_key(place), member)
end
