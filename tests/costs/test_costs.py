"""What a job costs, counted and not timed: round trips, bytes on the wire, memory of the server."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.support import jobs
from tests.support.monitor import Monitor
from tests.support.servers import wait_for
from tests.support.workers import Workers
from workhorse.connection import Connection
from workhorse.job import Job
from workhorse.links.wire import Packed
from workhorse.queue import Queue
from workhorse.worker import SimpleWorker, Worker

SMALL = ("module.function", 1, "a")
MANY = 10_000


class Counting(Connection):
    """Counts its round trips, and what it sends."""

    trips = 0
    sent = 0

    def exchange(self, packed: Packed, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(packed, bytes):
            self._counted(packed)
            return super().exchange(packed, *args, **kwargs)
        return super().exchange(map(self._counted, packed), *args, **kwargs)

    def _counted(self, packed: bytes) -> bytes:
        self.trips += 1
        self.sent += len(packed)
        return packed


def ask(connection: Connection, *words: str | int) -> Any:
    with connection.borrow() as link:
        return link.call(words)


def facts(connection: Connection, section: str) -> dict[str, str]:
    text = ask(connection, "INFO", section).decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def trips(connection: Connection) -> int:
    """How often workers have asked so far; no script calls these commands."""
    counts = facts(connection, "commandstats")
    asked = [counts.get(f"cmdstat_{name}", "calls=0,") for name in ("evalsha", "eval", "blpop")]
    return sum(int(each.split(",")[0].removeprefix("calls=")) for each in asked)


def memory(connection: Connection) -> int:
    """What the server holds, bytes."""
    return int(facts(connection, "memory")["used_memory"])


# Enqueueing


def test_an_enqueue_is_one_round_trip_of_one_script(quiet: Connection):
    connection = Counting(quiet.url, quiet.namespace)
    queue = Queue(connection=connection)
    queue.enqueue(jobs.add, 1, 2)  # the server learns the script
    with Monitor(quiet) as monitor:
        connection.trips = connection.sent = 0
        queue.enqueue(jobs.add, 1, 2)
        connection.close()
    assert connection.trips == 1
    assert [asked.name for asked in monitor.asked] == ["EVALSHA"]


def test_an_enqueue_of_a_small_job_sends_at_most_500_bytes(quiet: Connection):
    connection = Counting(quiet.url, quiet.namespace)
    queue = Queue(connection=connection)
    queue.enqueue(*SMALL)
    connection.sent = 0
    queue.enqueue(*SMALL)
    connection.close()
    assert connection.sent <= 500


def test_many_jobs_are_enqueued_in_few_round_trips(quiet: Connection):
    connection = Counting(quiet.url, quiet.namespace)
    queue = Queue(connection=connection)
    queue.enqueue(*SMALL)
    connection.trips = 0
    queue.enqueue_many(queue.prepare_data(SMALL[0], SMALL[1:]) for _ in range(1000))
    connection.close()
    assert connection.trips <= 10


# Working


def trips_of(queue: Queue, number: int, *call: Any) -> float:
    """How many round trips a worker makes for a job, over a number of them."""
    queue.enqueue(*call).wait(20)  # it has learnt how long they take
    before = trips(queue.connection)
    counting = Counting(queue.connection.url, queue.connection.namespace)
    ours = Queue(connection=counting)
    last = ours.enqueue_many([ours.prepare_data(call[0], call[1:]) for _ in range(number)])[-1]
    enqueued = counting.trips
    last.wait(60)  # which makes none of these calls
    made = trips(queue.connection) - before - enqueued
    counting.close()
    return made / number


@pytest.mark.slow
def test_a_busy_worker_makes_one_round_trip_for_each_slow_job(quiet: Connection, workers: Workers):
    workers.start()
    assert trips_of(Queue(connection=quiet), 50, jobs.nap, 0.03) <= 1.2


def test_a_busy_worker_makes_far_less_than_one_for_each_quick_job(
    quiet: Connection, workers: Workers
):
    workers.start()
    queue = Queue(connection=quiet)
    trips_of(queue, 500, jobs.give, 1)
    assert trips_of(queue, 5000, jobs.give, 1) <= 0.1


@pytest.mark.slow
def test_an_idle_worker_asks_at_most_twice_a_second(quiet: Connection, workers: Workers):
    worker = workers.start(lease=6)
    Queue(connection=quiet).enqueue(jobs.give, 1).wait(20)
    first = beat(quiet, worker.name)
    with Monitor(quiet) as monitor:
        last = wait_for(lambda: at_least(6.0, first, beat(quiet, worker.name)))
    ours = ("INFO", "HGETALL")
    asked = [one.name for one in monitor.asked if one.name not in ours]
    assert "EVALSHA" in asked, "it has beaten"
    assert len(asked) <= 2 * (last - first)


def beat(connection: Connection, name: str) -> float:
    """When a worker last said that it is alive, s."""
    found = Worker.find_by_name(name, connection)
    assert found is not None
    assert found.last_heartbeat is not None
    return found.last_heartbeat.timestamp()


def at_least(seconds: float, first: float, now: float) -> float:
    return now if now - first >= seconds else 0.0


# Memory


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module whose function is enqueued."""
    found = ModuleType("module")
    found.__dict__["function"] = lambda number, _text: number
    monkeypatch.setitem(sys.modules, "module", found)


@pytest.fixture
def full(quiet: Connection, module: None) -> tuple[Queue, list[Job], int]:
    """A queue of many small jobs, the jobs, and what the server held before."""
    queue = Queue(connection=quiet)
    queue.enqueue(*SMALL)
    SimpleWorker([queue]).work(burst=True)  # what is there once is there now
    before = memory(quiet)
    calls = (queue.prepare_data(SMALL[0], SMALL[1:]) for _ in range(MANY))
    return queue, queue.enqueue_many(calls), before


def test_a_small_job_that_waits_takes_at_most_500_bytes(full: tuple[Queue, list[Job], int]):
    queue, _, before = full
    assert (memory(queue.connection) - before) / MANY <= 500


def test_a_small_job_that_has_finished_takes_at_most_700_bytes(full: tuple[Queue, list[Job], int]):
    queue, found, before = full
    SimpleWorker([queue]).work(burst=True)
    assert found[-1].return_value() == 1
    assert queue.finished_job_registry.count == MANY + 1
    assert (memory(queue.connection) - before) / MANY <= 700


def test_the_tombstone_of_a_job_that_is_gone_is_small(quiet: Connection, module: None):
    queue = Queue(connection=quiet)
    job = queue.enqueue(*SMALL, result_ttl=0)
    SimpleWorker([queue]).work(burst=True)
    assert job.get_status() == "finished"
    assert ask(quiet, "EXISTS", quiet.keys.job(job.id)) == 0
    assert ask(quiet, "MEMORY", "USAGE", quiet.keys.gone(job.id)) < 100
