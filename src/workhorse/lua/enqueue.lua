-- Store calls and put them into one queue, now or when they are due.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for the server's clock
--       queue       str     name of the queue
--       ...         each    calls that are alike: mode (new, replace, unique), nonce or '', place
--                           (back, front, at, in, mine, wait for its `parents`), due in ms since
--                           1970, delay or lease in ms, or '', ttl in ms or '' (for one that is due
--                           later its field counts), how many, n, n names of hash fields, `after`
--                           if its end has consequences; of each: id, n values
--
-- Returns {the server's time, the ids that were there already from an earlier send}.
-- Fails with DUPLICATE <id> <status> and stores nothing if an id is taken: by another job of this
-- call, by any job for `unique`, by a running one for `replace`, which else takes the old job's place.
-- Likewise NOPARENT <parent> <id>, if a parent after a `!` is unknown; CYCLE <id> <parent>, if it waits for it.
-- Repeats: a generated id that exists or has come and gone, and a chosen one whose job or tombstone
-- bears our nonce, were stored by an earlier send of this very call.

-- @include lib/now
-- @include lib/store
-- @lazy lib/judge
-- @seldom lib/orphan
local now, at, verdicts = milliseconds(time), 3, nil
local answer = {now}

-- Where the ids and values of calls that are alike begin and end, and how far apart two ids are.
local function bounds(of)
  local width = ARGV[of + 6] + 1
  local first = of + 6 + width
  return first, first + (ARGV[of + 5] - 1) * width, width
end

-- Whether generated ids differ and are new. Most often they are, which one look tells.
local function all_new(first, last, width)
  if first == last then return call('EXISTS', job_key(ARGV[first]), gone_key(ARGV[first])) == 0 end
  local seen, names = {}, {}
  for i = first, last, width do
    local id = ARGV[i]
    if seen[id] then return false end
    seen[id], names[#names + 1], names[#names + 2] = true, job_key(id), gone_key(id)
  end
  for i = 1, #names, 4000 do
    if call('EXISTS', unpack(names, i, math.min(i + 3999, #names))) > 0 then return false end
  end
  return true
end
local first, last, width = bounds(at)
if ARGV[last + width] or ARGV[at] ~= 'new' or ARGV[at + 2] == 'wait' or not all_new(first, last, width) then
  local taken, status
  verdicts, taken, status = judge(at)
  if taken then return redis.error_reply('DUPLICATE ' .. taken .. ' ' .. status) end
  local wrong = orphan(at, verdicts)
  if wrong then return redis.error_reply(wrong) end
end
repeat
  store(queue, at, first, last, width, verdicts, answer, now)
  at = last + width
  if ARGV[at] then first, last, width = bounds(at) end
until not ARGV[at]
return answer
