-- Tell the jobs that wait for a parent how it has ended: at most 500 at once, the agenda remembers
-- the others. Returns whether none is left.
-- @include lib/fields
-- @include lib/agenda
-- @include lib/undefer
-- @include lib/doom
local lasting = {failed = true, died = true, stopped = true, canceled = true}

local function tell(id, parent, how, now)
  local job = fields_of(id, 'status', 'origin', 'on_parent', 'due', 'front')
  if job[1] ~= 'deferred' then return true end
  local fine = how == 'finished' or how == 'released' or job[3] == 'any'
    or (job[3] == 'run' and how ~= 'canceled' and how ~= 'deleted')
  -- Who is patient waits for a parent that may be requeued.
  if not fine and job[3] == 'wait' and lasting[how] then return false end
  if redis.call('SREM', waits_key(id), parent) == 1 then
    if not fine then doom(id, job[2], parent, how, job[3], now)
    elseif redis.call('EXISTS', waits_key(id)) == 0 then undefer(id, job[2], job[4], job[5], now) end
  end
  return true
end

local function unblock(parent, how, now)
  local key, patient = dependents_key(parent), patients_key(parent)
  -- `gone`: it had failed before. Only the patient have not been told of that.
  local first, second = patient, how ~= 'gone' and key or patient
  if lasting[how] then first, second = key, key end
  local ids = redis.call('LPOP', first, 500) or {}
  local more = #ids < 500 and redis.call('LPOP', second, 500 - #ids) or {}
  for _, id in ipairs(more) do ids[#ids + 1] = id end
  for _, id in ipairs(ids) do
    if not tell(id, parent, how, now) then redis.call('RPUSH', patient, id) end
  end
  if lasting[how] and redis.call('EXISTS', patient) == 1 then not_later_than('w', parent, now) end
  if redis.call('EXISTS', first, second) == 0 then return true end
  not_later_than('d', how .. ':' .. parent, now)
  return false
end
