-- The statuses of a job that has not ended.
local open = {queued = true, started = true, scheduled = true, deferred = true, rate_limited = true}
