"""For programs that were written for another job queue: see `workhorse.compat.rq`."""
