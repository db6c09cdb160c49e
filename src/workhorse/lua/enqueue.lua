-- Store calls and put them into one queue, now or when they are due.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       queue       str     name of the queue
--       ...         each    id, mode (new, replace, unique), nonce or '', place (back, front, at,
--                           in, mine), due in ms since 1970, delay or lease in ms, or '', ttl in ms or ''
--                           (for one that is due later its field counts), n, n words of hash fields
--
-- Returns {the server's time, per job: 1 stored, 0 it was there already from an earlier send}.
-- Fails with DUPLICATE <id> <status> and stores nothing if an id is taken: by another job of this
-- call, by any job for `unique`, by a running one for `replace`, which else takes the old job's place.
--
-- Repeats: a generated id that exists or has come and gone, and a chosen one whose job or
-- tombstone bears our nonce, were stored by an earlier send of this very call.

-- @include lib/now
-- @include lib/place
-- @lazy lib/displace
-- @lazy lib/schedule
-- @lazy lib/own
local now = milliseconds(time)
local answer, stored, seen, back, front = {now}, {}, {}, {}, {}

-- Whether to store a job (nil: its id is taken), and the status and queue of the one in its place.
local function verdict(id, mode, nonce)
  if mode == 'new' then return redis.call('EXISTS', job_key(id), gone_key(id)) == 0 end
  local job = redis.call('HMGET', job_key(id), 'status', 'nonce', 'origin')
  if job[2] == nonce then return false end
  if not job[1] then return string.match(redis.call('GET', gone_key(id)) or '', '%S+$') ~= nonce end
  if mode == 'unique' or job[1] == 'started' then return nil, job[1] end
  return true, job[1], job[3]
end

local at = 3
while ARGV[at] do
  local id = ARGV[at]
  local fresh, status, origin = verdict(id, ARGV[at + 1], ARGV[at + 2])
  if fresh == nil or seen[id] then return redis.error_reply('DUPLICATE ' .. id .. ' ' .. (status or 'queued')) end
  seen[id] = true
  if fresh then stored[#stored + 1] = {at, status, origin} end
  answer[#answer + 1] = fresh and 1 or 0
  at = at + 7 + ARGV[at + 6]
end

for _, job in ipairs(stored) do
  local id, mode, nonce, place, when, ttl, words = unpack(ARGV, job[1], job[1] + 6)
  local key, later = job_key(id), place == 'at' or place == 'in'
  if job[2] then displace(id, job[3], job[2]) end
  if mode ~= 'new' then redis.call('DEL', key, runs_key(id), gone_key(id)) end
  redis.call('HSET', key, 'status', later and 'scheduled' or place == 'mine' and 'started' or 'queued', 'origin', queue,
    'created_at', now, unpack(ARGV, job[1] + 7, job[1] + 6 + words))
  if nonce ~= '' then redis.call('HSET', key, 'nonce', nonce) end
  if later then schedule(queue, id, place == 'at' and tonumber(when) or now + when)
  elseif place == 'mine' then own(queue, id, now + when)
  elseif place == 'front' then front[#front + 1] = id
  else back[#back + 1] = id end
  if ttl ~= '' and not later then redis.call('PEXPIRE', key, ttl) end
end
place_many(queue, 'RPUSH', back)
place_many(queue, 'LPUSH', front)
return answer
