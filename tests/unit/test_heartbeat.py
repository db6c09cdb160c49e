"""A worker's heart, where a real worker would show it once in a thousand times."""

from __future__ import annotations

import asyncio

import pytest

from workhorse.connection import Connection
from workhorse.worker.heartbeat import Heart
from workhorse.worker.identity import identity
from workhorse.worker.settings import Settings
from workhorse.worker.tally import Tally


class Still(Heart):
    """A heart that has nobody to tell."""

    async def _beat(self) -> None:
        pass


@pytest.mark.parametrize("turns", range(8))
def test_a_heart_stops_when_told_also_while_it_hurries(turns: int):
    async def scene() -> bool:
        state = "idle"
        heart = Still(
            Connection("redis://localhost:1"),
            Settings("lonely", ("default",)),
            Tally(descriptions=False),
            me=identity("lonely"),
            held=list,
            running=list,
            state=lambda: state,
            relieved=lambda: None,
            cron=lambda _due: None,
        )
        loop, running = asyncio.get_running_loop(), asyncio.create_task(heart.run())

        def cancel_in(turns: int) -> None:
            if turns:
                loop.call_soon(cancel_in, turns - 1)
            else:
                running.cancel()

        def stop() -> None:
            nonlocal state
            state = "stopping"
            heart.hurry()
            cancel_in(turns)

        loop.call_soon(stop)
        await asyncio.wait([running], timeout=1)
        return running.cancelled()

    assert asyncio.run(scene()), "it goes on, and its worker waits for it for ever"
