"""Suspend and resume workers: at once, also those that are idle."""

from __future__ import annotations

from workhorse import suspension
from workhorse.compat.clients import namespace, way_to
from workhorse.keys import Keys

WORKERS_SUSPENDED = Keys(namespace()).suspensions


def is_suspended(connection: object, worker: object = None) -> bool:
    """Whether all queues are suspended."""
    del worker
    return suspension.is_suspended(way_to(connection))


def suspend(connection: object, ttl: int | None = None) -> None:
    """Let workers take no more jobs.

    Args:
        connection: The program's redis client.
        ttl: For how many seconds; None: until `resume`.
    """
    suspension.suspend(way_to(connection), ttl)


def resume(connection: object) -> None:
    """Let workers take jobs again."""
    suspension.resume(way_to(connection))


__all__ = ["WORKERS_SUSPENDED", "is_suspended", "resume", "suspend"]
