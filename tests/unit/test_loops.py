"""What a worker may be told of the event loop of its jobs."""

import asyncio
from typing import cast

import pytest

from workhorse.exceptions import JobStopped
from workhorse.worker import settings
from workhorse.worker.coroutines import Loop, loop_factory
from workhorse.worker.precision import precise_loop
from workhorse.worker.settings import Settings, check_loop


@pytest.mark.parametrize("name", ["", "asyncio", "uvloop"])
def test_the_event_loop_of_jobs_can_be_chosen(name):
    check_loop(name)


def test_an_event_loop_that_there_is_not_is_refused_when_the_worker_is_made(monkeypatch):
    monkeypatch.setenv("WORKHORSE_LOOP", "trio")
    with pytest.raises(ValueError, match="must be one of asyncio, uvloop"):
        Settings("w", ("default",))


def test_an_event_loop_that_is_not_installed_is_refused_with_advice(monkeypatch):
    monkeypatch.setattr(settings, "find_spec", lambda _name: None)
    with pytest.raises(ValueError, match="pip install"):
        check_loop("uvloop")


def test_the_loop_that_was_chosen_is_the_one_that_is_made(monkeypatch):
    monkeypatch.setenv("WORKHORSE_LOOP", "asyncio")
    assert loop_factory() is precise_loop
    monkeypatch.delenv("WORKHORSE_LOOP")
    assert loop_factory() is not precise_loop  # uvloop is installed for the tests


class Stuck:
    """A runner as uvloop is left by an exception that comes before the loop's first turn."""

    def get_loop(self):
        return self

    def is_running(self):
        return True

    def run(self, work, **_options):
        work.close()
        raise JobStopped("by a signal, say")


def test_a_loop_that_was_left_running_is_not_used_again():
    async def three():
        return 3

    loop = Loop()
    loop._runner = cast("asyncio.Runner", Stuck())
    with pytest.raises(JobStopped):
        loop.run(three(), -1, None)
    assert loop.run(three(), -1, None) == 3
