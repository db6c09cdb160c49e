-- Outcomes of one exchange that change the same registries, so that each takes one command.
-- @include lib/agenda
local leaving, entering = {}, {}

-- The job leaves the started registry of its queue.
local function leave(queue, id)
  local ids = leaving[queue] or {}
  leaving[queue] = ids
  ids[#ids + 1] = id
end

-- The job enters the finished registry of its queue, until the time `expiry`.
local function enter(queue, id, expiry)
  local members = entering[queue] or {}
  entering[queue] = members
  members[#members + 1] = expiry
  members[#members + 1] = id
  if expiry ~= '+inf' and expiry < (members.soonest or math.huge) then members.soonest = expiry end
end

local function change_registries()
  for queue, ids in pairs(leaving) do redis.call('ZREM', started_key(queue), unpack(ids)) end
  for queue, members in pairs(entering) do
    redis.call('ZADD', finished_key(queue), unpack(members))
    if members.soonest then not_later_than('x', queue, members.soonest) end
  end
end
