"""Connections to the server, one socket each: they speak RESP2 and know nothing of flows.

`Link` blocks; `AsyncLink` is for asyncio and is loaded when it is first used, for `asyncio`
takes longer to import than all of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workhorse.links.blocking import Link

if TYPE_CHECKING:
    from workhorse.links.aio import AsyncLink, Subscription

__all__ = ["AsyncLink", "Link", "Subscription"]


def __getattr__(name: str) -> object:
    if name in {"AsyncLink", "Subscription"}:
        from workhorse.links import aio  # noqa: PLC0415 - see above

        value: object = getattr(aio, name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
