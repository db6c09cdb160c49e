"""RQ's list of cron jobs; here: `workhorse.cron.Cron(connection).all()`."""
