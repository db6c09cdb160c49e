"""A module with cron entries, as an application has one."""

from __future__ import annotations

from tests.support import jobs
from workhorse.cron import cron, register


@cron("30 2 * * 1-5", tz="Europe/Berlin", missed="all")
def nightly(what: str = "all") -> str:
    """Something for the night."""
    return what


register(jobs.give, "low", ("ho",), interval="30s", name="heartbeat", overlap="skip", job_timeout=5)
