-- Of the calls that ARGV has from `at` on, the first that waits for a job which must be known and is
-- not: `<parent> <id>`. Those that were stored by an earlier send of this call are not asked.
-- @include lib/keys
local function unknown(parents, verdicts)
  for parent in string.gmatch(parents, '!(%S+)') do
    if verdicts[parent] == nil and redis.call('EXISTS', job_key(parent), gone_key(parent)) == 0 then return parent end
  end
end

local function orphan(at, verdicts)
  while ARGV[at] do
    local n, column = tonumber(ARGV[at + 6]), nil
    local first = at + 7 + n
    local last = first + (ARGV[at + 5] - 1) * (n + 1)
    for i = 1, n do if ARGV[at + 2] == 'wait' and ARGV[at + 6 + i] == 'parents' then column = i end end
    for i = first, column and last or 0, n + 1 do
      local parent = verdicts[ARGV[i]] and unknown(ARGV[i + column], verdicts)
      if parent then return parent .. ' ' .. ARGV[i] end
    end
    at = last + n + 1
  end
end
