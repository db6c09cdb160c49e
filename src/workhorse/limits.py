"""Look at the limits that jobs share (`RateLimit`); looking changes nothing."""

from __future__ import annotations

from workhorse.drivers import arun, run
from workhorse.ops import limits
from workhorse.ops.limits import LimitUse
from workhorse.sources import Source

__all__ = ["LimitUse", "ain_use", "in_use"]


def in_use(connection: object = None) -> list[LimitUse]:
    """The limits that jobs hold or stand in line for, the newest first.

    Args:
        connection: As in `Queue`.
    """
    way = Source(connection).connection
    return run(way, limits.in_use(way.keys))


async def ain_use(connection: object = None) -> list[LimitUse]:
    """The limits that jobs hold or stand in line for; see `in_use`."""
    way = Source(connection).connection
    return await arun(way, limits.in_use(way.keys))
