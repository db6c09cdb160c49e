"""RQ's list of its cron processes. Here any worker fires what is due."""

from __future__ import annotations

from workhorse.compat.rq.cron import CronScheduler


def get_keys(connection: object) -> list[str]:
    """The names of the schedulers: one stands for all workers, if there is anything to fire."""
    return [found.name for found in CronScheduler.all(connection)]


__all__ = ["get_keys"]
