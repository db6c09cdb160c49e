-- What is wrong with the calls that ARGV has from `at` on, of which some wait for others: the first
-- that waits for a job which must be known and is not, as `NOPARENT <parent> <id>`, or the first that
-- would wait for itself, as `CYCLE <id> <parent>`. Those that were stored by an earlier send of this
-- call are not asked. A job of this very call is known to those behind it, and to no others.
-- @include lib/keys
local function waiting_for(id, before)
  if before[id] then return before[id] end
  return redis.call('SMEMBERS', waits_key(id))
end

-- Whether the way from a job through those that it waits for, which `before` may say, leads to `id`.
-- `way` has those that were asked and do not, and gets more.
local function leads_to(id, from, way, before)
  if way[from] then return false end
  local at = #way + 1
  way[at], way[from] = from, true
  while way[at] do
    for _, parent in ipairs(waiting_for(way[at], before)) do
      -- What nobody can survey may lead there.
      if parent == id or #way > 20000 then return true end
      if not way[parent] then way[#way + 1], way[parent] = parent, true end
    end
    at = at + 1
  end
  return false
end

local function wrong_with(id, text, verdicts, before, passed)
  local parents, way = {}, {}
  for must, parent in string.gmatch(text, '(!?)([^ !]+)') do
    -- Only a job that was there before can have others that wait for it.
    local circle = parent == id or (verdicts[id] ~= true and leads_to(id, parent, way, before))
    if circle then return 'CYCLE ' .. id .. ' ' .. parent end
    local known = passed[parent] or (verdicts[parent] == nil and (must == ''
      or redis.call('EXISTS', job_key(parent), gone_key(parent)) > 0))
    if not known then return 'NOPARENT ' .. parent .. ' ' .. id end
    parents[#parents + 1] = parent
  end
  before[id] = parents
end

local function orphan(at, verdicts)
  local before, passed = {}, {}
  while ARGV[at] do
    local n, column = tonumber(ARGV[at + 6]), nil
    local first = at + 7 + n
    local last = first + (ARGV[at + 5] - 1) * (n + 1)
    for i = 1, n do if ARGV[at + 2] == 'wait' and ARGV[at + 6 + i] == 'parents' then column = i end end
    for i = first, last, n + 1 do
      local id = ARGV[i]
      local wrong = column and verdicts[id] and wrong_with(id, ARGV[i + column], verdicts, before, passed)
      if wrong then return wrong end
      passed[id] = true
      before[id] = before[id] or (verdicts[id] and {} or nil)
    end
    at = last + n + 1
  end
end
