"""What a team makes of a horse that is silent: the horse is played here, and so is the clock."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from tests.support.turns import Turn
from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.worker import horses
from workhorse.worker.handoff import Voice, read_job
from workhorse.worker.lateness import DEAF
from workhorse.worker.marks import ALONE, NOBODY, Marks, mark_of
from workhorse.worker.parcels import RECEIVE
from workhorse.worker.settings import Settings
from workhorse.worker.stabling import Stabling
from workhorse.worker.team import Team
from workhorse.worker.timeouts import GRACE

TICK = 0.005
PID = 12345


class Stable:
    """Has one horse, and that is the test: these are its ends, and its place for a mark."""

    def __init__(self) -> None:
        self.marks = Marks()
        self.place = 0
        self.jobs: socket.socket | None = None
        self.reports: socket.socket | None = None

    def fork(self, _number: int, place: int, jobs: socket.socket, reports: socket.socket) -> bool:
        self.place, self.jobs, self.reports = place, jobs.dup(), reports.dup()
        return True

    def learn(self, names: list[str]) -> None:
        """It learns nothing."""

    def close(self) -> None:
        self.marks.close()
        for end in (self.jobs, self.reports):
            if end is not None:
                end.close()


class Scene:
    """A team with one horse, on a loop whose time goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        asyncio.get_running_loop().time = lambda: self.now  # type: ignore[method-assign]  # our clock
        self.ended: list[str] = []
        self.killed: list[int] = []
        self.stable = Stable()
        settings = Settings("worker", ("default",))
        self.team = Team(settings, cast("Stabling", self.stable), self._ended, lambda: None)
        self.team.muster()
        self.team.forked(1, PID)
        assert self.stable.reports is not None
        self.voice = Voice(self.stable.reports, set())

    def _ended(self, lease: Lease, _report: Report) -> None:
        self.ended.append(lease.id)

    async def passes(self, seconds: float) -> None:
        """Time passes, and whatever is due meanwhile happens."""
        end = self.now + seconds
        while self.now < end:
            self.now += TICK
            await Turn()

    # What the supervisor does

    def hand(self, *ids: str, function: str = "f", timeout: float = 180) -> None:
        fields = {b"func": function.encode(), b"timeout": str(timeout).encode()}
        self.team.backlog += [Lease(job_id, "default", "t", 1, fields) for job_id in ids]
        self.team.dispatch()

    @property
    def held(self) -> list[str]:
        return [lease.id for lease in self.team.held()]

    @property
    def horse(self) -> horses.Horse:
        (horse,) = self.team._horses.values()
        return horse

    @property
    def begun(self) -> list[str]:
        """What is taken to have begun."""
        return list(self.horse.flights.aside)

    @property
    def suspects(self) -> list[str]:
        """Who may have killed the horse if it died now, in nobody's step."""
        return [flight.lease.id for flight in self.horse.culprits(NOBODY)]

    # What the horse does

    def receives(self) -> list[str]:
        """All that it was handed; it does not say so."""
        assert self.stable.jobs is not None
        found: list[str] = []
        while True:
            try:
                message = self.stable.jobs.recv(RECEIVE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return found
            found.append(read_job(message).id)

    def is_at(self, mark: int) -> None:
        self.stable.marks.write(self.stable.place, mark)

    async def says(self, kind: str, *ids: str) -> None:
        self.voice.note(kind, *ids)
        await self.passes(2 * TICK)

    async def reports(self, job_id: str, way: str) -> None:
        self.voice.report(job_id, Report("finished"), way)
        await self.passes(2 * TICK)

    async def begins_one(self) -> None:
        """It runs a coroutine, so that others may run beside it."""
        self.hand("first")
        assert self.receives() == ["first"]
        self.is_at(NOBODY)
        await self.says("begun", "first")


Scenes = Callable[[Callable[[Scene], Awaitable[None]]], None]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Scenes:
    """Plays a scene."""

    async def played(scene: Callable[[Scene], Awaitable[None]]) -> None:
        on = Scene()
        monkeypatch.setattr(horses, "kill_group", on.killed.append)
        try:
            await scene(on)
        finally:
            on.team.close()
            on.stable.close()

    return lambda scene: asyncio.run(played(scene))


def test_a_loop_that_hangs_before_it_says_what_has_begun_is_killed_for_what_is_due_first(
    play: Scenes,
):
    async def scene(on: Scene) -> None:
        await on.begins_one()
        on.hand("slow", "as slow")
        on.hand("short", timeout=0.4)
        assert on.receives() == ["slow", "as slow", "short"]
        await on.passes(0.4 + GRACE + DEAF / 2)
        assert on.killed == []
        await on.passes(DEAF)
        assert on.killed == [PID]

    play(scene)


def test_what_a_loop_has_not_received_it_has_not_begun(play: Scenes):
    async def scene(on: Scene) -> None:
        await on.begins_one()
        on.hand("next", "short", timeout=0.4)
        await on.passes(0.4 + GRACE + 2 * DEAF)
        assert on.killed == []
        assert on.begun == ["first"]

    play(scene)


def test_what_has_begun_and_is_heard_of_late_goes_on_and_ends(play: Scenes):
    async def scene(on: Scene) -> None:
        await on.begins_one()
        on.hand("a", "b", "c")
        on.receives()
        await on.passes(0.1)
        assert on.begun == ["first", "a", "b", "c"]
        await on.says("begun", "b")
        for job_id in ("a", "c", "b", "first"):
            await on.reports(job_id, "coroutine")
        assert on.ended == ["a", "c", "b", "first"]
        assert on.held == []

    play(scene)


def test_a_plain_one_that_is_slow_to_come_and_finds_no_thread_is_held_once(play: Scenes):
    async def scene(on: Scene) -> None:
        await on.begins_one()
        on.hand("plain", function="slow_to_import.f")
        on.receives()
        on.is_at(mark_of("plain"))
        on.hand("behind it")
        await on.passes(0.5)
        assert on.begun == ["first", "plain"]
        on.is_at(NOBODY)
        await on.says("not now", "plain")
        assert sorted(on.held) == ["behind it", "first", "plain"]
        assert "plain" in on.receives(), "it is tried again"
        await on.says("threaded", "plain")
        await on.reports("plain", "thread")
        assert on.ended == ["plain"]
        assert sorted(on.held) == ["behind it", "first"]

    play(scene)


def test_a_plain_one_that_is_slow_to_come_may_run_alone_after_all(play: Scenes):
    async def scene(on: Scene) -> None:
        await on.begins_one()
        await on.reports("first", "coroutine")
        on.hand("plain", "behind it", function="slow_to_import.f")
        assert on.receives() == ["plain"]
        on.is_at(mark_of("plain"))
        await on.passes(0.5)
        on.is_at(ALONE)
        await on.reports("plain", "alone")
        assert on.killed == []
        assert on.ended == ["first", "plain"]
        assert on.held == ["behind it"]

    play(scene)


@pytest.mark.parametrize("kind", ["begun", "threaded"])
def test_who_is_not_known_to_run_beside_others_is_suspected_until_it_has_said_so(
    play: Scenes, kind: str
):
    async def scene(on: Scene) -> None:
        await on.begins_one()
        on.hand("new", function="g")
        on.receives()
        await on.passes(0.1)
        assert on.suspects == ["new"]
        await on.says(kind, "new")
        assert on.suspects == (["new"] if kind == "threaded" else [])

    play(scene)


def test_what_a_horse_has_ended_does_not_run_again_because_it_is_killed_before_that_is_heard(
    play: Scenes,
):
    async def scene(on: Scene) -> None:
        on.hand("first")
        on.receives()
        await on.reports("first", "alone")
        on.hand("ended", "running")
        on.receives()
        on.voice.report("ended", Report("finished"))
        assert [lease.id for lease in on.team.kill_all("enough")] == ["running"]
        assert on.ended == ["first", "ended"]

    play(scene)


def test_a_horse_that_was_slow_to_come_and_has_lost_all_to_others_gets_new_ones(play: Scenes):
    async def scene(on: Scene) -> None:
        on.hand("a", "b")
        back: list[Lease] = []
        while on.held:
            await on.passes(TICK)
            back += on.team.make_way()
        assert [lease.id for lease in back] == ["a", "b"]
        assert on.team.room() > 0

    play(scene)
