-- Give a job to a worker that rests, under the number of its next exchange, and say so on its channel:
-- that spares it the exchange. Returns false, and does nothing, if the worker does not rest any more,
-- or nobody listens, or the job is one that should be taken in the usual way.
-- @include lib/now
-- @include lib/hash
-- @include lib/text
-- @include lib/fields
-- @include lib/agenda
local function packed(words)
  for i, word in ipairs(words) do words[i] = #word .. ':' .. word end
  return table.concat(words)
end

local function serve(worker, queue, id)
  local me, key = worker_key(worker), job_key(id)
  local known = call('HMGET', me, 'rests', 'number')
  local number, lease = string.match(known[1] or '', '^(%d+) (%d+)$')
  if not number or tonumber(number) <= (tonumber(known[2]) or 0) then return false end
  local flat, status, origin, attempt, crashes, ttl, data, after = read_job(key)
  if status ~= 'queued' or origin ~= queue or crashes or (after and ttl) or #(data or '') > 65536 then return false end
  if call('EXISTS', suspensions) == 1 then return false end
  local now = milliseconds(time)
  if call('SPUBLISH', served_key(worker), packed({number, queue, id, unpack(flat)})) == 0 then return false end
  local token, until_when = worker .. ':' .. number, text_of(now + lease)
  call('ZADD', started_key(queue), until_when, id)
  not_later_than('l', queue, until_when)
  call('HSET', key, 'status', 'started', 'started_at', text_of(now), 'token', after and token .. '+' or token,
    'attempt', attempt and text_of(whole(attempt) + 1) or '1')
  if ttl then
    call('PERSIST', key)
    call('PERSIST', runs_key(id))
  end
  call('LREM', queue_key(queue), 1, id)
  call('HDEL', me, 'rests')
  call('HSET', me, 'number', number, 'taken', id, 'refused', '')
  return true
end
