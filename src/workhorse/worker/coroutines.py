"""Run `async def` jobs. Imported by the first of them: asyncio would make every fork dearer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from workhorse.exceptions import JobTimeoutException
from workhorse.worker.timeouts import says

T = TypeVar("T")


class Loop:
    """The event loop of one horse; it lives as long as the horse."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Run a coroutine to its end; cancel it after `seconds` (negative: never) and raise."""
        return self._runner.run(within(seconds, work))


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine; cancel it once it has run for that long, and raise."""
    if seconds < 0:
        return await work
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if limit.expired():
            raise JobTimeoutException(says(seconds)) from None
        raise
