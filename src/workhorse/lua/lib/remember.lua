-- A worker's hash remembers the last exchange that changed something, for a repeat of it.
local function remember_exchange(me, number, taken, refused, registered)
  local ids = {}
  for i, job in ipairs(taken) do ids[i] = job[1] end
  redis.call('HSET', me, 'number', number, 'taken', table.concat(ids, ' '), 'refused', table.concat(refused, ' '))
  -- The heartbeat of a worker that the server forgot will register it again; if it has none, nothing is left.
  if not registered then redis.call('PEXPIRE', me, 60000) end
end
