-- A worker says what became of a command.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  nonce       str     names the command
--       said        str     the answer, JSON
--       ttl         int     ms for which it is kept for whoever asks
--
-- Returns 1. Repeats: naturally.

-- @include lib/keys
local key = answer_key(nonce)
redis.call('SET', key, said, 'PX', ttl)
redis.call('SPUBLISH', key, said)
return 1
