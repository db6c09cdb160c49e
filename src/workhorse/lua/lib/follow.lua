-- Make the calls that a job left for the way it ended: {when, how many words, the words of `hatch`}.
-- They are told whose end it was, when that was enqueued, and why it failed (`exc`): it may be gone
-- by the time at which they run.
-- @include lib/words
-- @include lib/hatch
local function follow(id, how, now, exc)
  local job = redis.call('HMGET', job_key(id), 'hooks', 'enqueued_at', 'created_at')
  local words, at = words_in(job[1] or ''), 1
  while words[at + 1] do
    local when, count = words[at], tonumber(words[at + 1])
    -- Who writes to the keys may have written anything.
    if not count or count < 4 or count % 2 == 1 or not words[at + 1 + count] then return end
    if when == how or (how == 'died' and when == 'failed') then
      local more = {'of', id, 'of_enqueued_at', job[2] or job[3] or now, exc and 'of_exc_info', exc}
      hatch(words, at + 2, at + 1 + count, now, more)
    end
    at = at + 2 + count
  end
end
