-- Whether a job whose end has consequences has waited longer than its `ttl`, seconds. The hash of
-- others expires by itself.
-- @include lib/fields
local function overdue(id, ttl, now)
  local job = fields_of(id, 'enqueued_at', 'created_at')
  return whole(job[1], whole(job[2], now)) + whole(ttl) * 1000 <= now
end
