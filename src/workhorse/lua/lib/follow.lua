-- Make the calls that a job left for the way it ended: {when, how many words, the words of `hatch`}.
-- @include lib/words
-- @include lib/hatch
local function follow(id, how, now)
  local words, at = words_in(redis.call('HGET', job_key(id), 'hooks') or ''), 1
  while words[at + 1] do
    local when, last = words[at], at + 1 + tonumber(words[at + 1])
    if when == how or (how == 'died' and when == 'failed') then hatch(words, at + 2, last, now) end
    at = last + 1
  end
end
