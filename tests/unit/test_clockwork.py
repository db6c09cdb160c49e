"""When a worker fires entries: what it hears meanwhile, when it is full, and after a defect."""

import asyncio
import logging
from typing import Any

import pytest

from workhorse.connection import Connection
from workhorse.exceptions import ConnectionLost
from workhorse.worker import cron
from workhorse.worker.cron import Clockwork, due_in


async def a_turn() -> None:
    """Let the loop go round once."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


class Stage:
    """A clockwork whose flows are played here: each gives its answer when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, full: bool = False) -> None:
        self.asked: list[object] = []
        self.answers: list[Any] = []
        self.fired = asyncio.Event()
        self.full = full
        monkeypatch.setattr(cron, "arun", self._play)
        monkeypatch.setattr(cron, "fire_all", lambda _keys, names: list(names))
        monkeypatch.setattr(cron, "fire_due", lambda _keys: "due")
        connection = Connection("redis://nowhere", "wh")
        self.clockwork = Clockwork(connection, lambda: self.full, self._ended)

    async def _play(self, _connection: object, what: object) -> Any:
        self.asked.append(what)
        await a_turn()
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ended(self) -> None:
        if not self.clockwork.busy:
            self.fired.set()

    async def over(self) -> None:
        await asyncio.wait_for(self.fired.wait(), 10)
        self.fired.clear()


def test_of_the_news_only_entries_are_fired():
    assert due_in([("suspended", "q"), ("cron", "a"), ("cron", "b")]) == ["a", "b"]


def test_what_is_heard_meanwhile_is_fired_as_well(monkeypatch):
    async def play() -> list[object]:
        stage = Stage(monkeypatch)
        stage.clockwork.hear([("cron", "a"), ("suspended", "q")])
        assert stage.clockwork.busy
        await a_turn()
        stage.clockwork.hear([("cron", "b"), ("cron", "b"), ("cron", "c")])
        await stage.over()
        return stage.asked

    assert asyncio.run(play()) == [["a"], ["b", "c"]]


@pytest.mark.parametrize("error", [ConnectionLost("gone"), RuntimeError("a defect")])
def test_an_error_ends_nothing_but_this_time(monkeypatch, caplog, error):
    async def play() -> list[object]:
        stage = Stage(monkeypatch)
        stage.answers = [error]
        stage.clockwork.hear([("cron", "a")])
        await stage.over()
        stage.clockwork.hear([("cron", "b")])
        await stage.over()
        return stage.asked

    with caplog.at_level(logging.WARNING, "workhorse.cron"):
        assert asyncio.run(play()) == [["a"], ["b"]]
    assert "cannot fire cron entries" in caplog.text


@pytest.mark.parametrize("full", [True, False])
def test_only_a_full_worker_looks_by_itself(monkeypatch, full):
    async def play() -> list[object]:
        stage = Stage(monkeypatch, full=full)
        stage.clockwork.expect(1)
        if full:
            await stage.over()
        else:
            looked = asyncio.Event()
            asyncio.get_running_loop().call_later(0.05, looked.set)
            await looked.wait()
        return stage.asked

    assert asyncio.run(play()) == (["due"] if full else [])


def test_a_full_worker_goes_on_with_what_is_due_next(monkeypatch):
    async def play() -> list[object]:
        stage = Stage(monkeypatch, full=True)
        stage.answers = [1, None]
        stage.clockwork.expect(1)
        await stage.over()
        await stage.over()
        return stage.asked

    assert asyncio.run(play()) == ["due", "due"]


def test_what_is_not_due_any_more_is_not_looked_at(monkeypatch):
    async def play() -> list[object]:
        stage = Stage(monkeypatch, full=True)
        stage.clockwork.expect(1)
        stage.clockwork.expect(None)
        looked = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, looked.set)
        await looked.wait()
        return stage.asked

    assert asyncio.run(play()) == []
