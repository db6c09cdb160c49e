-- What to do with each id of a call of `enqueue`: false, as an earlier send of the same call has
-- stored it; true, store it; {status, queue, after}, store it in place of the job that is there. Stops
-- at an id that is taken, and returns it with the status of the job that has it.
-- @include lib/keys
local function judge_one(id, mode, nonce)
  if mode == 'new' then return redis.call('EXISTS', job_key(id), gone_key(id)) == 0 end
  local job = redis.call('HMGET', job_key(id), 'status', 'nonce', 'origin', 'after')
  if job[2] == nonce then return false end
  if not job[1] then return string.match(redis.call('GET', gone_key(id)) or '', '%S+$') ~= nonce end
  if mode == 'unique' or job[1] == 'started' then return nil, job[1] end
  return {job[1], job[3], job[4]}
end

local function judge(at)
  local verdicts = {}
  while ARGV[at] do
    local first, width = at + 7 + ARGV[at + 6], ARGV[at + 6] + 1
    local last = first + (ARGV[at + 5] - 1) * width
    for i = first, last, width do
      local id = ARGV[i]
      local verdict, status = judge_one(id, ARGV[at], ARGV[at + 1])
      if verdict == nil or verdicts[id] ~= nil then return verdicts, id, status or 'queued' end
      verdicts[id] = verdict
    end
    at = last + width
  end
  return verdicts
end
