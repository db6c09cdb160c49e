-- A worker's hash remembers the last exchange that changed something, for a repeat of it.
-- @include lib/call
local function remember_exchange(me, number, taken, refused, registered)
  local ids = {}
  for i = 2, #taken, 2 do
    for n = 1, #taken[i], 2 do ids[#ids + 1] = taken[i][n] end
  end
  call('HSET', me, 'number', number, 'taken', table.concat(ids, ' '), 'refused', table.concat(refused, ' '))
  -- The heartbeat of a worker that the server forgot will register it again; if it has none, nothing is left.
  if not registered then call('PEXPIRE', me, 60000) end
end
