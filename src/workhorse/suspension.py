"""Suspend and resume workers: all of a namespace, or those of some queues.

What runs goes on; nothing new is begun, also not by a worker that was idle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workhorse.drivers import arun, run
from workhorse.names import check_queue_name
from workhorse.ops import suspension
from workhorse.ops.suspension import ALL
from workhorse.options import Duration, lasting_ms
from workhorse.sources import Source

__all__ = ["ais_suspended", "aresume", "asuspend", "is_suspended", "resume", "suspend"]


def suspend(
    connection: object = None, ttl: Duration | None = None, *, queues: Iterable[str] = ()
) -> None:
    """Let workers take no more jobs.

    Args:
        connection: As in `Queue`.
        ttl: For how long; None: until `resume`.
        queues: Only of these queues; none: of all, those to come included.

    Raises:
        ValueError: *ttl* or a name makes no sense.
    """
    way = Source(connection).connection
    run(way, suspension.suspend(way.keys, _chosen(queues), lasting_ms(ttl)))


def resume(connection: object = None, *, queues: Iterable[str] = ()) -> int:
    """Let workers take jobs again; how many suspensions this ended.

    Args:
        connection: As in `Queue`.
        queues: End those of these queues; none: the one of all.
    """
    way = Source(connection).connection
    return run(way, suspension.resume(way.keys, _chosen(queues)))


def is_suspended(connection: object = None, queue: str | None = None) -> bool:
    """Whether all queues are suspended, or this one is, by itself or with all."""
    way = Source(connection).connection
    return _holds(run(way, suspension.suspended(way.keys)), queue)


async def asuspend(
    connection: object = None, ttl: Duration | None = None, *, queues: Iterable[str] = ()
) -> None:
    """Let workers take no more jobs; see `suspend`."""
    way = Source(connection).connection
    await arun(way, suspension.suspend(way.keys, _chosen(queues), lasting_ms(ttl)))


async def aresume(connection: object = None, *, queues: Iterable[str] = ()) -> int:
    """Let workers take jobs again; see `resume`."""
    way = Source(connection).connection
    return await arun(way, suspension.resume(way.keys, _chosen(queues)))


async def ais_suspended(connection: object = None, queue: str | None = None) -> bool:
    """Whether all queues are suspended, or this one is; see `is_suspended`."""
    way = Source(connection).connection
    return _holds(await arun(way, suspension.suspended(way.keys)), queue)


def _chosen(queues: Iterable[str]) -> list[str]:
    names = [queues] if isinstance(queues, str) else list(queues)
    return [check_queue_name(name) for name in names] or [ALL]


def _holds(found: Mapping[str, object], queue: str | None) -> bool:
    return ALL in found or (queue is not None and queue in found)
