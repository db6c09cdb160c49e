-- The name of a limit that stands in a job as `<how many> <name>`; nil if there is none.
local function limit_of(text) return string.match(text or '', '^%d+ (.+)$') end
