-- The time that counts: the server's, unless a test gave one.
local beyond = 0 -- and so many microseconds
local function milliseconds(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  beyond = time[2] % 1000
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
