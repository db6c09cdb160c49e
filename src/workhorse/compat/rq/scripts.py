"""RQ's scripts; ours are the files in `workhorse/lua`."""
