"""RQ's plumbing of its commands; ours is `workhorse.cli`."""
