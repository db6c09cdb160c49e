-- Which queues are suspended, as a table that has them; `*` is all. Adds them to `news`.
-- @include lib/keys
local function suspended(news)
  local entries, found = redis.call('HKEYS', suspensions), {}
  for _, queue in ipairs(entries) do
    news[#news + 1], news[#news + 2], found[queue] = 'suspended', queue, true
  end
  if found['*'] then return setmetatable(found, {__index = function() return true end}) end
  return found
end
