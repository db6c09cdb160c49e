"""When a worker makes its exchanges: the server's side is played here."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from tests.unit.test_team import PID, Stable
from workhorse.connection import Connection
from workhorse.ops.reports import Report
from workhorse.worker.handoff import Voice
from workhorse.worker.settings import Settings
from workhorse.worker.stabling import Stabling
from workhorse.worker.tally import Tally
from workhorse.worker.team import Team
from workhorse.worker.trade import COMPANY, Trade

REPORT = Report("finished", b"", 1)
QUICK = 1e-6


class Link:
    """Keeps what is sent, and how many jobs a horse had been handed by then."""

    closed = False

    def __init__(self) -> None:
        self.team: Team | None = None
        self.answers: list[Any] = []
        self.handed: list[int] = []

    def send(self, _packed: bytes, on_reply: Any) -> None:
        assert self.team is not None
        self.answers.append(on_reply)
        self.handed.append(sum(len(one.flights) for one in self.team._horses.values()))

    def flush(self) -> None:
        """Everything is on its way."""


class Scene:
    """A worker with one horse, whose functions are known to be quick."""

    def __init__(self) -> None:
        settings = Settings("worker", ("default",))
        connection = Connection("redis://localhost:1")
        self.link, self.stable = Link(), Stable()
        self.trade = Trade(connection, settings, Tally(descriptions=True), lambda: None)
        stable = cast("Stabling", self.stable)
        self.team = Team(settings, stable, self.trade.ended, self.trade.poke)
        self.trade.team = self.link.team = self.team
        self.trade._link = cast("Any", self.link)
        for _ in range(100):
            self.team._pace.learn("f", QUICK)
        self.team.muster()
        self.team.forked(1, PID)
        assert self.stable.reports is not None
        self.voice = Voice(self.stable.reports, set())

    def answer(self, *ids: str) -> None:
        """The server answers the exchange that is under way with these jobs, and has more."""
        jobs = [word for job_id in ids for word in (job_id.encode(), [b"func", b"f"])]
        self.link.answers.pop()([[b"default", jobs], [], -1, 1, 1_790_000_000_000, 0])

    def gather(self) -> None:
        """The time is over for which outcomes wait for company."""
        self.trade._gathered()

    def end(self, *ids: str) -> None:
        """The horse ends these, and is heard."""
        for job_id in ids:
            self.voice.report(job_id, REPORT)
        self.team._listen_to(list(self.team._horses.values()))

    def close(self) -> None:
        self.team.close()
        self.stable.close()


def played(body: Any) -> Any:
    async def main() -> Any:
        scene = Scene()
        try:
            return body(scene)
        finally:
            scene.close()

    return asyncio.run(main())


def names(letter: str, count: int) -> list[str]:
    return [f"{letter}{number}" for number in range(count)]


def test_under_load_the_next_exchange_is_sent_before_the_jobs_of_the_last_are_handed_out():
    def body(scene: Scene) -> list[int]:
        first = names("a", COMPANY + 8)
        scene.answer(*first)
        scene.gather()
        scene.end(*first[:COMPANY])  # while an exchange is under way
        scene.answer(*names("b", 10))
        return scene.link.handed

    # The third is sent while the ten that the second has brought are not handed out yet.
    assert played(body) == [0, COMPANY + 8, 8]


def test_a_few_outcomes_wait_for_company_while_the_horse_has_work():
    def body(scene: Scene) -> tuple[int, int]:
        first = names("a", COMPANY + 8)
        scene.answer(*first)
        scene.gather()
        scene.end(*first[:3])
        scene.answer(*names("b", 10))
        sent = len(scene.link.handed)
        scene.gather()
        return sent, len(scene.link.handed)

    assert played(body) == (2, 3)


def test_an_answer_that_cannot_be_understood_ends_the_worker_and_does_not_leave_it_waiting():
    async def main() -> None:
        scene = Scene()
        try:
            scene.link.answers.pop()("nothing that any server says")
            with pytest.raises(ValueError, match="zip"):
                await asyncio.wait_for(scene.trade.run(), 5)
        finally:
            scene.close()

    asyncio.run(main())
