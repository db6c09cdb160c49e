-- The worker rests now: the next job of one of its queues may be given to it straight, under the number
-- of its next exchange. Of many queues only the bells tell.
-- @include lib/call
-- @include lib/keys
local function rest_now(me, worker, number, lease, first, last)
  if last - first > 7 then return end
  call('HSET', me, 'rests', string.format('%.0f', number + 1) .. ' ' .. lease)
  for i = first, last do
    call('SADD', resting_key(ARGV[i]), worker)
    call('PEXPIRE', resting_key(ARGV[i]), 3600000)
  end
end
