-- Put jobs at the head or the tail of their queue. A queue that was empty has no worker
-- looking at it, so wake one; a queue that was not has one awake or a bell ringing.
-- @include lib/call
-- @include lib/keys
-- @lazy lib/wake
local function place_many(queue, push, ids)
  if #ids == 0 then return end
  local key, length = queue_key(queue), 0
  for i = 1, #ids, 4000 do
    length = call(push, key, unpack(ids, i, math.min(i + 3999, #ids)))
  end
  if length == #ids then wake(queue, ids) end
end
