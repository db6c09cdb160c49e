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
        await asyncio.sleep(0)


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
        running = asyncio.create_task(heart.run())
        await asyncio.sleep(0)
        state = "stopping"
        heart.hurry()
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running], timeout=1)
        return running.cancelled()

    assert asyncio.run(scene()), "it goes on, and its worker waits for it for ever"
