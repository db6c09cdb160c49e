"""One timer for the deadlines of many runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from workhorse.worker.coroutines import loop_factory
from workhorse.worker.deadlines import Deadlines


@pytest.mark.parametrize("make", [asyncio.new_event_loop, loop_factory()])
def test_each_expires_in_its_time_and_none_that_has_ended(
    make: Callable[[], asyncio.AbstractEventLoop],
):
    expired: list[tuple[str, float]] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        over = asyncio.Event()

        def note(name: str) -> None:
            expired.append((name, loop.time() - began))
            if name == "last":
                over.set()

        deadlines: Deadlines[str] = Deadlines(loop, note)
        for name, seconds in (("last", 0.15), ("ended", 0.05), ("never", -1.0), ("at once", 0.0)):
            deadlines.add(name, seconds)
        deadlines.add("soon", 0.05)
        deadlines.remove("ended", 0.05)
        await asyncio.wait_for(over.wait(), 5)

    loop = make()
    loop.run_until_complete(live())
    loop.close()
    assert [name for name, _ in expired] == ["at once", "soon", "last"]
    # uvloop's clock ticks in whole milliseconds, whose sums round.
    due = (0, 0.05, 0.15)
    assert [at > when - 1e-6 for (_, at), when in zip(expired, due, strict=True)] == [True] * 3


@pytest.mark.parametrize("make", [asyncio.new_event_loop, loop_factory()])
def test_what_only_a_blocked_loop_kept_from_ending_ends(
    make: Callable[[], asyncio.AbstractEventLoop],
):
    expired: list[str] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        deadlines: Deadlines[str] = Deadlines(loop, expired.append)
        ready = asyncio.Event()
        deadlines.add("run", 0.05)
        loop.call_later(0.03, ready.set)
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
        await asyncio.wait_for(ready.wait(), 5)
        deadlines.remove("run", 0.05)

    loop = make()
    loop.run_until_complete(live())
    loop.close()
    assert expired == []
