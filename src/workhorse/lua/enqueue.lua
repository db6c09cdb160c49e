-- Store calls and put them into one queue, now or when they are due.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       queue       str     name of the queue
--       ...         each    calls that are alike: mode (new, replace, unique), nonce or '', place
--                           (back, front, at, in, mine), due in ms since 1970, delay or lease in
--                           ms, or '', ttl in ms or '' (for one that is due later its field
--                           counts), how many, n, n names of hash fields; of each: id, n values
--
-- Returns {the server's time, the ids that were there already from an earlier send}.
-- Fails with DUPLICATE <id> <status> and stores nothing if an id is taken: by another job of this
-- call, by any job for `unique`, by a running one for `replace`, which else takes the old job's place.
--
-- Repeats: a generated id that exists or has come and gone, and a chosen one whose job or
-- tombstone bears our nonce, were stored by an earlier send of this very call.

-- @include lib/now
-- @include lib/store
-- @lazy lib/judge
local now = milliseconds(time)

-- Whether all ids are generated, differ and are new. Most often they are, which one look tells.
local function all_new()
  local at, seen, names = 3, {}, {}
  while ARGV[at] do
    if ARGV[at] ~= 'new' then return false end
    local first, width = at + 7 + ARGV[at + 6], ARGV[at + 6] + 1
    at = first + ARGV[at + 5] * width
    for i = first, at - 1, width do
      local id = ARGV[i]
      if seen[id] then return false end
      seen[id], names[#names + 1], names[#names + 2] = true, job_key(id), gone_key(id)
    end
  end
  for i = 1, #names, 4000 do
    if call('EXISTS', unpack(names, i, math.min(i + 3999, #names))) > 0 then return false end
  end
  return true
end

local verdicts, taken, status
if not all_new() then verdicts, taken, status = judge(3) end
if taken then return redis.error_reply('DUPLICATE ' .. taken .. ' ' .. status) end
local answer, at = {now}, 3
while ARGV[at] do
  local first, width = at + 7 + ARGV[at + 6], ARGV[at + 6] + 1
  local last = first + (ARGV[at + 5] - 1) * width
  store(queue, at, first, last, width, verdicts, answer, now)
  at = last + width
end
return answer
