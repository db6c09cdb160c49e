-- The two ways to a command, looked up once: scripts that are busy make hundreds of calls.
local call, try = redis.call, redis.pcall
