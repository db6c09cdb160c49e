-- The statuses of a job that has ended.
local ended = {finished = true, failed = true, stopped = true, canceled = true}
