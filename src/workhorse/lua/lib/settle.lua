-- Outcomes of runs that are alike but for job, result and run time, each behind its fence: those
-- that do not count are added to `refused`. `at` is where they begin in ARGV; returns where the
-- next ones do.
-- @include lib/finish
-- @lazy lib/settle_one
local function settle(at, refused, now)
  local kind, queue, token, wait, at_front, again, count = unpack(ARGV, at, at + 6)
  local first, last = at + 7, at + 4 + 3 * count
  if kind == 'finish' then
    finish(queue, token, tonumber(wait), again == '1', first, last, refused, now)
  else
    for i = first, last, 3 do
      local id = ARGV[i]
      if not settle_one(kind, id, queue, token, ARGV[i + 1], wait, ARGV[i + 2], at_front, now) then
        refused[#refused + 1] = id
      end
    end
  end
  return last + 3
end
