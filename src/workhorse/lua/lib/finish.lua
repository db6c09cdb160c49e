-- Jobs of one queue did their work; the ids of those that are not leased to `token` any more are
-- added to `refused`. A ttl of 0 ms deletes them at once, -1 keeps them for ever. `again`: they had
-- run before. `first` and `last` are where their ids, results and run times begin and end in ARGV.
-- @include lib/fence
-- @include lib/text
-- @include lib/agenda
-- @include lib/lifetime
-- @include lib/vanish
-- @seldom lib/conclude
local function mark_finished(id, key, result, began, ended, ttl, again)
  if result ~= '' then
    call('HSET', key, 'status', 'finished', 'ended_at', ended, 'started_at', began, 'result', result)
  else
    call('HSET', key, 'status', 'finished', 'ended_at', ended, 'started_at', began)
  end
  if again then call('HDEL', key, 'exc_info') end
  lifetime(id, ttl, again)
end

local function finish(queue, token, ttl, again, first, last, refused, now)
  local left, kept, ended, expiry = {}, {}, text_of(now), ttl < 0 and '+inf' or text_of(now + ttl)
  for at = first, last, 3 do
    local id, ran = ARGV[at], ARGV[at + 2]
    local key = job_key(id)
    local held, marked = holds(key, token)
    if held then
      left[#left + 1] = id
      if marked then conclude(id, 'finished', now) end
      if ttl == 0 then
        vanish(id, 'finished', now)
      else
        kept[2 * #left - 1], kept[2 * #left] = expiry, id
        mark_finished(id, key, ARGV[at + 1], ran == '0' and ended or text_of(now - ran), ended, ttl, again)
      end
      -- Who waits learns a small result with it. One that is deleted at once nobody gets.
      local said = ttl ~= 0 and #ARGV[at + 1] <= 4096 and 'finished ' .. ARGV[at + 1] or 'finished'
      call('SPUBLISH', done_key(id), said)
    else
      refused[#refused + 1] = id
    end
  end
  if #left > 0 then call('ZREM', started_key(queue), unpack(left)) end
  if #kept > 0 then
    call('ZADD', finished_key(queue), unpack(kept))
    if ttl > 0 then not_later_than('x', queue, expiry) end
  end
end
