-- What is wrong with the calls that ARGV has from `at` on, of which some wait for others: the first
-- that waits for a job which must be known and is not, as `NOPARENT <parent> <id>`, or the first that
-- would wait for itself, as `CYCLE <id> <parent>`. Those that were stored by an earlier send of this
-- call are not asked. A job of this very call is known to those behind it.
-- @include lib/keys
local function waiting_for(id, before)
  if before[id] then return before[id] end
  return redis.call('SMEMBERS', waits_key(id))
end

-- Whether the way from a job through those that it waits for, which `before` may say, leads to `id`.
local function leads_to(id, from, before)
  local way, seen, at = {from}, {[from] = true}, 1
  while way[at] do
    for _, parent in ipairs(waiting_for(way[at], before)) do
      -- What nobody can survey may lead there.
      if parent == id or #way > 20000 then return true end
      if not seen[parent] then way[#way + 1], seen[parent] = parent, true end
    end
    at = at + 1
  end
  return false
end

local function wrong_with(id, text, verdict, before)
  local parents = {}
  for must, parent in string.gmatch(text, '(!?)([^ !]+)') do
    if must == '!' and not before[parent] and redis.call('EXISTS', job_key(parent), gone_key(parent)) == 0 then
      return 'NOPARENT ' .. parent .. ' ' .. id
    end
    -- Only a job that was there before can have others that wait for it.
    if parent == id or (verdict ~= true and leads_to(id, parent, before)) then return 'CYCLE ' .. id .. ' ' .. parent end
    parents[#parents + 1] = parent
  end
  before[id] = parents
end

local function orphan(at, verdicts)
  local before = {}
  while ARGV[at] do
    local n, column = tonumber(ARGV[at + 6]), nil
    local first = at + 7 + n
    local last = first + (ARGV[at + 5] - 1) * (n + 1)
    for i = 1, n do if ARGV[at + 2] == 'wait' and ARGV[at + 6 + i] == 'parents' then column = i end end
    for i = first, last, n + 1 do
      local id = ARGV[i]
      local wrong = column and verdicts[id] and wrong_with(id, ARGV[i + column], verdicts[id], before)
      if wrong then return wrong end
      before[id] = before[id] or (verdicts[id] and {} or nil)
    end
    at = last + n + 1
  end
end
