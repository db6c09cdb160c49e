-- The workers of one machine know of each other, so that the death of one is seen at once.
-- @include lib/keys
local function neighbours(machine, worker, identity, ttl)
  if machine == '' then return {} end
  local here = machine_key(machine)
  redis.call('HSET', here, worker, identity)
  redis.call('PEXPIRE', here, ttl)
  local others = redis.call('HGETALL', here)
  for i = #others - 1, 1, -2 do
    if others[i] == worker then
      table.remove(others, i + 1)
      table.remove(others, i)
    end
  end
  return others
end
