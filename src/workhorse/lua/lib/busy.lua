-- Of the queues that ARGV names from `at` to `last`, where the first is that holds jobs; if none
-- does, where the next word is. One look at 32 queues tells that all of them are empty.
-- @include lib/call
-- @include lib/keys
local function next_busy(at, last)
  while at <= last do
    local names, stop = {}, math.min(at + 31, last)
    for i = at, stop do names[#names + 1] = queue_key(ARGV[i]) end
    local found = call('EXISTS', unpack(names))
    if found == #names then return at end
    for i, name in ipairs(found > 0 and names or {}) do
      if call('EXISTS', name) == 1 then return at + i - 1 end
    end
    at = stop + 1
  end
  return at
end
