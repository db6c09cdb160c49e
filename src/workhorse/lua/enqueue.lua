-- Store calls and put them into one queue, now or when they are due.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       queue       str     name of the queue
--       ...         each    id, mode (new, replace, unique), nonce or '', place (back, front, at,
--                           in), due in ms since 1970 or delay in ms or '', ttl in ms or '',
--                           n, then n words of hash fields
--
-- Returns {the server's time, per job: 1 stored, 0 it was there already from an earlier send}.
-- Fails with DUPLICATE <id> <status> and stores nothing if an id is taken: by any job for
-- `unique`, by a running one for `replace`, which otherwise takes the old job's place.
--
-- Repeats: a generated id that exists or has come and gone, and a chosen one whose stored
-- nonce is ours, were stored by an earlier send of this very call.

-- @include lib/now
-- @include lib/displace
-- @include lib/schedule
-- @include lib/ready
local now = milliseconds(time)
local answer, back, front = {now}, {}, {}

local function verdict(id, mode, nonce)
  if mode == 'new' then return redis.call('EXISTS', job_key(id), gone_key(id)) == 0 end
  local job = redis.call('HMGET', job_key(id), 'status', 'nonce', 'origin')
  if job[2] == nonce then return false end
  if not job[1] then return true end
  if mode == 'unique' or job[1] == 'started' then return nil, job[1] end
  return true, job[1], job[3]
end

local at = 3
while ARGV[at] do
  if ARGV[at + 1] ~= 'new' then
    local fresh, status = verdict(ARGV[at], ARGV[at + 1], ARGV[at + 2])
    if fresh == nil then return redis.error_reply('DUPLICATE ' .. ARGV[at] .. ' ' .. status) end
  end
  at = at + 7 + ARGV[at + 6]
end

at = 3
while ARGV[at] do
  local id, place, when, ttl, words = ARGV[at], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6]
  local fresh, status, origin = verdict(id, ARGV[at + 1], ARGV[at + 2])
  if fresh then
    local job, nonce = job_key(id), ARGV[at + 2]
    if status then
      displace(id, origin, status)
      redis.call('DEL', job, runs_key(id))
    end
    local later = place == 'at' or place == 'in'
    redis.call('HSET', job, 'status', later and 'scheduled' or 'queued', 'origin', queue,
      'created_at', now, unpack(ARGV, at + 7, at + 6 + words))
    if nonce ~= '' then redis.call('HSET', job, 'nonce', nonce) end
    if ttl ~= '' then redis.call('PEXPIRE', job, ttl) end
    if later then schedule(queue, id, place == 'at' and tonumber(when) or now + when)
    elseif place == 'front' then front[#front + 1] = id
    else back[#back + 1] = id end
  end
  answer[#answer + 1] = fresh and 1 or 0
  at = at + 7 + words
end
place_many(queue, 'RPUSH', back)
place_many(queue, 'LPUSH', front)
return answer
