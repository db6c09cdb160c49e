"""RQ's list of its cron processes; here any worker fires what is due."""
