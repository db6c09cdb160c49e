"""Run one `async def` job at a time, where there is one at a time (many: `concurrent`).

Imported by the first of them: asyncio would make every fork dearer.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any, Final, TypeVar

from workhorse.exceptions import JobTimeoutException
from workhorse.worker.precision import precise_loop
from workhorse.worker.timeouts import GRACE, says

T = TypeVar("T")

PATIENCE: Final = GRACE * 0.6
"""How long a coroutine may go on after its timeout, to put things in order, seconds."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes event loops for jobs: uvloop if it is installed, else asyncio itself.

    `WORKHORSE_LOOP` may say which (see `settings.check_loop`).
    """
    if os.environ.get("WORKHORSE_LOOP") == "asyncio":
        return precise_loop
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return precise_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


class Loop:
    """The event loop of one process; it lives as long as that."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=loop_factory())
        self._task: asyncio.Task[Any] | None = None

    def cancel(self) -> bool:
        """From anywhere: cancel the coroutine that runs; False: none does."""
        task = self._task
        if task is None:
            return False
        self._runner.get_loop().call_soon_threadsafe(task.cancel)
        return True

    def run(self, work: Coroutine[Any, Any, T], seconds: float, context: Context | None) -> T:
        """Run a coroutine to its end; cancel it after `seconds` (negative: never) and raise.

        One that goes on regardless is left behind: here is nobody who could kill it.

        Args:
            work: The coroutine.
            seconds: How long it may run.
            context: Its context variables; of its own accord a runner would give all
                coroutines the first one's.
        """
        try:
            return self._run(self._known(work), seconds, context)
        finally:
            self._task = None
            if self._runner.get_loop().is_running():
                # An exception from outside, such as one that stops the job, came before its first
                # turn. It is taken for running for ever: to close it is not possible.
                self._runner = asyncio.Runner(loop_factory=loop_factory())
                work.close()

    def _run(self, work: Coroutine[Any, Any, T], seconds: float, context: Context | None) -> T:
        if seconds < 0:
            return self._runner.run(work, context=context)
        left = False
        loop = self._runner.get_loop()

        def leave() -> None:
            nonlocal left
            left = True
            loop.stop()

        leaving = loop.call_later(seconds + PATIENCE, leave)
        try:
            return self._runner.run(within(seconds, work), context=context)
        except RuntimeError:
            if not left:
                raise
            raise JobTimeoutException(says(seconds)) from None
        finally:
            leaving.cancel()
            if left:
                # What has not come to stop this run must not stop the next.
                with suppress(RuntimeError):
                    self._runner.run(asyncio.sleep(0))

    async def _known(self, work: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        return await work


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine; cancel it once it has run for that long, and raise."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if limit.expired():
            raise JobTimeoutException(says(seconds)) from None
        raise
