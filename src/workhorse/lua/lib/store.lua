-- Store calls that are alike, of which ARGV has the ids and values from `first` to `last`, as
-- `verdicts` says (all of them if it is nil), and put them where they belong. Adds the ids of
-- those that were stored before to `known`.
-- @include lib/text
-- @include lib/place
-- @seldom lib/displace
-- @lazy lib/schedule
-- @seldom lib/own
-- @seldom lib/supplant
-- @seldom lib/mark
-- @seldom lib/enlist
-- @seldom lib/complete_all
-- @seldom lib/defer
local function store(queue, at, first, last, width, verdicts, known, now)
  local mode, nonce, place, when, ttl = unpack(ARGV, at, at + 4)
  local later, ids, marked, left = place == 'at' or place == 'in' or place == 'wait', {}, false, {}
  local status = place == 'wait' and 'deferred' or later and 'scheduled' or place == 'mine' and 'started' or 'queued'
  -- There is room for three fields at once: a table that grows is made anew each time.
  local job = {'', 'status', status, 'origin', queue, 'created_at', text_of(now), '', '', '', '', '', ''}
  local words = 5 + 2 * width
  for n = 1, width - 1 do
    job[6 + 2 * n], job[7 + 2 * n] = ARGV[at + 6 + n], ''
    if ARGV[at + 6 + n] == 'after' then marked = true end
  end
  if nonce ~= '' then job[words + 1], job[words + 2], words = 'nonce', nonce, words + 2 end
  for i = first, last, width do
    local id = ARGV[i]
    local verdict = not verdicts or verdicts[id]
    if verdict then
      job[1] = job_key(id)
      if verdict ~= true then displace(id, verdict[2], verdict[1]) end
      local heir = verdict ~= true and verdict[3]
      if heir then left[#left + 1] = supplant(id, verdict[1], now) end
      if mode ~= 'new' then call('DEL', job[1], runs_key(id), gone_key(id)) end
      for n = 1, width - 1 do job[7 + 2 * n] = ARGV[i + n] end
      call('HSET', unpack(job, 1, words))
      if heir then mark(id, status, marked) end
      if ttl ~= '' and not later and not marked and not heir then call('PEXPIRE', job[1], ttl) end
      ids[#ids + 1] = id
    else
      known[#known + 1] = id
    end
  end
  if marked then ids = enlist(ids, place, now) end
  if #left > 0 then complete_all(left, now) end
  if place == 'back' then place_many(queue, 'RPUSH', ids)
  elseif place == 'front' then place_many(queue, 'LPUSH', ids)
  elseif place == 'mine' then own(queue, ids, now + when)
  elseif place == 'wait' then defer(queue, ids, when, now)
  elseif place == 'at' then schedule(queue, ids, tonumber(when))
  -- The server's time was rounded down to a whole millisecond, and nothing may begin too early.
  else schedule(queue, ids, now + when + (time == '' and 1 or 0)) end
end
