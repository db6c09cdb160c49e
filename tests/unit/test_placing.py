"""Who is given a job, and how long one may wait behind another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from workhorse.ops.leases import Lease
from workhorse.worker.horses import IMPATIENCE, OVERSTAY, Horse
from workhorse.worker.placing import best_for, patience

QUICK = 0.001


class Scene:
    """Two horses, and a clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0
        asyncio.get_running_loop().time = lambda: self.now  # type: ignore[method-assign]  # our clock
        self.horses = [Horse(1), Horse(2)]
        for horse in self.horses:
            horse.pid = 1

    def hand(self, horse: Horse, *ids: str) -> None:
        for job_id in ids:
            assert horse.hand(Lease(job_id, "default", "w:1", 1, {}), QUICK)

    def best(self) -> Horse | None:
        return best_for(self.horses, 1, QUICK, together=False)

    def looks_in(self, horse: Horse) -> float:
        return round(horse.look_at(self.now, patience(self.horses)) - self.now, 6)


def played(scene: Callable[[Scene, Horse, Horse], None]) -> None:
    async def play() -> None:
        on = Scene()
        try:
            scene(on, *on.horses)
        finally:
            for horse in on.horses:
                horse.pid = 0
                horse.close()

    asyncio.run(play())


@pytest.mark.parametrize("idle", [True, False])
def test_a_job_waits_behind_a_silent_one_for_less_if_another_horse_is_idle(*, idle: bool):
    def scene(on: Scene, first: Horse, second: Horse) -> None:
        on.hand(first, "slow", "behind it")
        if not idle:
            on.hand(second, "another")
        wait = IMPATIENCE if idle else OVERSTAY
        assert on.looks_in(first) == wait
        on.now += wait * 0.9
        assert not first.overstays(1, patience(on.horses))
        on.now += wait * 0.2
        assert first.overstays(1, patience(on.horses))
        assert on.looks_in(first) == wait, "it was looked at, and is not looked at all the time"
        assert [lease.id for lease in first.take_back()] == ["slow", "behind it"], "it never woke"

    played(scene)


def test_a_horse_that_becomes_idle_shortens_the_wait():
    def scene(on: Scene, first: Horse, second: Horse) -> None:
        on.hand(first, "slow", "behind it")
        on.hand(second, "quick")
        on.now += 0.004
        assert on.looks_in(first) == OVERSTAY - 0.004
        second.flights.abandon()
        assert on.looks_in(first) == round(IMPATIENCE - 0.004, 6)

    played(scene)


def test_nobody_looks_at_a_horse_behind_whose_job_nothing_waits():
    def scene(on: Scene, first: Horse, _: Horse) -> None:
        on.hand(first, "slow")
        assert on.looks_in(first) == float("inf")

    played(scene)


def test_no_job_is_put_behind_one_that_overstays():
    def scene(on: Scene, first: Horse, second: Horse) -> None:
        on.hand(first, "believed to be quick")
        on.hand(second, "really quick")
        assert on.best() is first
        on.now += OVERSTAY * 1.1
        second.since = on.now
        assert on.best() is second
        on.now += OVERSTAY * 1.1
        assert on.best() is None

    played(scene)
