-- Keys of ids and names that a script learns as it runs; mirrors keys.py. The agenda's own is
-- the prefix of all and six letters.
local prefix = string.sub(agenda, 1, -7)
local queues = prefix .. 'queues'
local workers = prefix .. 'workers'
local suspensions = prefix .. 'suspended'
local groups = prefix .. 'groups'
local limits = prefix .. 'limits'
local crons = prefix .. 'crons'
local job_prefix = prefix .. 'job:'
local function job_key(id) return job_prefix .. id end
local function gone_key(id) return prefix .. 'ex:' .. id end
local function runs_key(id) return prefix .. 'runs:' .. id end
local function done_key(id) return prefix .. 'done:' .. id end
local function queue_key(name) return prefix .. 'queue:' .. name end
local function bell_key(name) return prefix .. 'bell:' .. name end
local function started_key(name) return prefix .. 'started:' .. name end
local function finished_key(name) return prefix .. 'finished:' .. name end
local function failed_key(name) return prefix .. 'failed:' .. name end
local function deferred_key(name) return prefix .. 'deferred:' .. name end
local function scheduled_key(name) return prefix .. 'scheduled:' .. name end
local function canceled_key(name) return prefix .. 'canceled:' .. name end
local function inbox_key(name) return prefix .. 'inbox:' .. name end
local function answer_key(nonce) return prefix .. 'answer:' .. nonce end
local function worker_key(name) return prefix .. 'worker:' .. name end
local function cron_key(name) return prefix .. 'cron:' .. name end
local function fired_key(name) return prefix .. 'fired:' .. name end
local function waits_key(id) return prefix .. 'waits:' .. id end
local function dependents_key(id) return prefix .. 'dependents:' .. id end
local function patients_key(id) return prefix .. 'patients:' .. id end
local function slots_key(name) return prefix .. 'slots:' .. name end
local function limited_key(name) return prefix .. 'limited:' .. name end
local function group_key(name) return prefix .. 'group:' .. name end
local function members_key(name) return prefix .. 'members:' .. name end
local function holds_key(group) return prefix .. 'holds:' .. group end
local function group_done_key(name) return prefix .. 'gdone:' .. name end
local function resting_key(name) return prefix .. 'resting:' .. name end
local function served_key(name) return prefix .. 'served:' .. name end
local function machine_key(name) return prefix .. 'machine:' .. name end
