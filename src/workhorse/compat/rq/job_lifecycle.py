"""RQ's inner workings of a failure; here: `workhorse.ops.settle`."""
