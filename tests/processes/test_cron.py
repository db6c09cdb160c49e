"""Real workers fire cron entries: in time, once, when they are full, and when they are killed."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.support import jobs
from tests.support.workers import Workers, eventually
from workhorse.connection import Connection
from workhorse.cron import Cron, CronJob
from workhorse.drivers import run
from workhorse.effects import Flow, command
from workhorse.job import Job
from workhorse.ops import cron as ops
from workhorse.queue import Queue

SECOND = 1000
ISOLATIONS = ("warm", "inline")
LATE = 0.5
"""How late an idle worker may be on a busy machine, seconds."""


@pytest.fixture
def cron(connection: Connection) -> Cron:
    return Cron(connection)


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


def fired(entry: CronJob, number: int) -> list[ops.Firing]:
    """What an entry has fired, oldest first, once it is so much."""

    def enough() -> list[ops.Firing]:
        found = run(entry._way, ops.history(entry._keys, entry.name))
        return found[::-1] if len(found) >= number else []

    return eventually(enough, within=number + 20)


def steps(firings: list[ops.Firing]) -> set[int]:
    """How far apart the occurrences were due, ms."""
    return {b.due - a.due for a, b in itertools.pairwise(firings) if a.due and b.due}


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_an_idle_worker_fires_in_time_and_runs_the_job(
    cron: Cron, queue: Queue, workers: Workers, isolation: str
):
    workers.start(isolation=isolation)
    entry = cron.register(jobs.give, interval=1, args=(7,))
    firings = fired(entry, 3)
    assert steps(firings) == {SECOND}
    assert all(0 <= one.at - (one.due or 0) < LATE * SECOND for one in firings)
    job = Job.fetch(firings[-1].job_id, queue.connection)
    assert job.wait(10) == "finished"
    assert job.return_value() == 7


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_worker_without_room_fires_what_is_due(
    cron: Cron, queue: Queue, workers: Workers, isolation: str, tmp_path: Path
):
    workers.start(isolation=isolation, lease=3, concurrency=1)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path), job_timeout=60)
    eventually(lambda: job.get_status() == "started")
    entry = cron.register(jobs.give, "another", interval=1)
    # The first may be made up for: a full worker learns of a new entry at its next heartbeat.
    assert steps(fired(entry, 5)[1:]) == {SECOND}
    assert job.get_status() == "started"
    (tmp_path / "go").touch()


def test_a_burst_ends_when_what_is_due_was_fired_and_has_run(
    cron: Cron, queue: Queue, workers: Workers
):
    entry = cron.register(jobs.give, interval=1, args=(1,))
    eventually(lambda: _now(cron) > (run(cron.connection, _due(entry)) or 0))
    assert workers.start(burst=True, wait=False).ended(30) == 0
    assert fired(entry, 1)
    assert queue.finished_job_registry.count >= 1


def _now(cron: Cron) -> int:
    seconds, micros = run(cron.connection, _time())
    return int(seconds) * 1000 + int(micros) // 1000


def _time() -> Flow[Any]:
    return (yield command("TIME"))


def _due(entry: CronJob) -> Flow[int | None]:
    record = yield from ops.find(entry._keys, entry.name)
    return record.due


@pytest.mark.slow
@pytest.mark.parametrize("missed", ["all", "once"])
def test_killed_workers_fire_each_occurrence_once(
    cron: Cron, queue: Queue, workers: Workers, tmp_path: Path, missed: Any
):
    book = tmp_path / "book"
    entry = cron.register(
        jobs.append, interval=1, args=(str(book), "ran"), missed=missed, result_ttl=600
    )
    staff = [workers.start(lease=3) for _ in range(3)]
    for number in range(4):
        seen = len(fired(entry, 2 * number + 1))
        staff.pop(0).kill_tree()
        fired(entry, seen + 1)
        staff.append(workers.start(lease=3, wait=False))
    firings = fired(entry, 10)
    assert steps(firings) <= ({SECOND} if missed == "all" else {SECOND, 2 * SECOND, 3 * SECOND})
    ids = [one.job_id for one in firings]
    assert len(ids) == len(set(ids))
    cron.get(entry.name).remove()
    ended = eventually(lambda: _all_finished(queue, entry, ids))
    assert ended == set(ids)


def _all_finished(queue: Queue, entry: CronJob, ids: list[str]) -> set[str]:
    finished = set(queue.finished_job_registry.get_job_ids())
    return set(ids) if finished >= set(ids) else set()


def test_an_entry_that_cannot_be_fired_holds_up_no_other(
    cron: Cron, workers: Workers, connection: Connection
):
    bad = cron.register(jobs.give, name="bad", interval=1)
    run(connection, _spoil(connection.keys.cron("bad")))
    worker = workers.start()
    good = cron.register(jobs.give, name="good", interval=1)
    assert steps(fired(good, 3)) == {SECOND}
    assert worker.log.count("cron entry bad cannot be fired here") == 1, "it is not told each time"
    assert bad.history() == []


def _spoil(key: str) -> Flow[None]:
    yield command("HSET", key, "timetable", '{"cron": "nonsense", "tz": "Europe/Atlantis"}')


@pytest.mark.slow
def test_a_paused_entry_fires_nothing_and_a_resumed_one_goes_on(cron: Cron, workers: Workers):
    workers.start()
    entry = cron.register(jobs.give, interval=1)
    other = cron.register(jobs.give, name="clock", interval=1)
    before = len(fired(entry, 1))
    entry.pause()
    number = len(fired(entry, before))
    fired(other, len(fired(other, 1)) + 3)
    assert len(fired(entry, number)) <= number + 1, "one may have been on its way"
    number = len(fired(entry, number))
    entry.resume()
    assert steps(fired(entry, number + 2)[-2:]) == {SECOND}
