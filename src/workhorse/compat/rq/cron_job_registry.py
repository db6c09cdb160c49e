"""RQ's list of cron jobs."""

from __future__ import annotations

from workhorse.compat.clients import way_to
from workhorse.cron import Cron


def get_names(connection: object, cleanup: bool = True) -> list[str]:
    """The names of all cron entries."""
    del cleanup
    return [entry.name for entry in Cron(way_to(connection)).all()]


__all__ = ["get_names"]
