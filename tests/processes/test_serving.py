"""Jobs that are given straight to workers that rest, while their connections are cut."""

import contextlib
import random
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.support import jobs
from tests.support.workers import WorkerProcess, Workers, eventually
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.effects import Flow, command
from workhorse.exceptions import ServerError
from workhorse.queue import Queue


def cut(connection: Connection, kind: str) -> None:
    """Kill all connections of a kind but our own."""

    def kill() -> Flow[None]:
        yield command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    run(connection, kill())


@pytest.mark.parametrize("horses", [1, 3])
def test_each_job_runs_once_while_messages_are_lost(
    workers: Workers, connection: Connection, horses: int
):
    queue = Queue(connection=connection)
    for _ in range(2):
        workers.start(horses=horses)
    done = []
    for number in range(150):
        job = queue.enqueue(jobs.give, number)
        if random.random() < 0.1:
            cut(connection, "pubsub")
        assert job.wait(10) == "finished", number
        done.append(job)
    assert [job.return_value() for job in done] == list(range(150))
    assert {job.record.attempt or job.results()[0].attempt for job in done} == {1}
    assert {job.record.crashes for job in done} == {0}


def test_outcomes_are_not_lost_when_a_job_comes_between(workers: Workers, connection: Connection):
    """Two horses: one ends its job while the other is given one."""
    queue = Queue(connection=connection)
    workers.start(horses=2)
    for _ in range(60):
        slow = queue.enqueue(jobs.nap, 0.01)
        quick = [queue.enqueue(jobs.give, 1) for _ in range(3)]
        assert {job.wait(10) for job in (slow, *quick)} == {"finished"}
        slow.refresh()
        assert slow.record.attempt == 1


def test_a_worker_whose_every_connection_is_cut_while_it_rests_still_serves(
    workers: Workers, connection: Connection
):
    queue = Queue(connection=connection)
    workers.start()
    assert queue.enqueue(jobs.give, 1).wait(10) == "finished"
    for kind in ("pubsub", "normal") * 5:
        with contextlib.suppress(ServerError):
            cut(connection, kind)
        assert queue.enqueue(jobs.give, 2).wait(10) == "finished"


def rests(connection: Connection, worker: WorkerProcess) -> bool:
    """Whether a job may be given to it straight."""

    def look() -> Flow[bool]:
        return bool((yield command("HEXISTS", connection.keys.worker(worker.name), "rests")))

    return run(connection, look())


def test_a_worker_that_is_told_to_end_while_it_rests_is_given_nothing_that_it_leaves_behind(
    workers: Workers, connection: Connection
):
    queue = Queue(connection=connection)
    for _ in range(6):
        worker = workers.start()
        eventually(partial(rests, connection, worker))
        worker.signal(signal.SIGTERM)
        given = []
        while worker.process.poll() is None:
            given.append(queue.enqueue(jobs.give, 1, on_crash="fail"))
        assert {str(job.get_status()) for job in given} <= {"queued", "finished"}
        queue.empty()


def test_a_worker_that_ends_when_it_has_nothing_to_do_does_not_rest(
    workers: Workers, connection: Connection, tmp_path: Path
):
    queue = Queue(connection=connection)
    slow = queue.enqueue(jobs.book_when_told, str(tmp_path))
    worker = workers.start(horses=2, burst=True)
    eventually((tmp_path / "begun").exists)
    assert queue.enqueue(jobs.give, 1).wait(10) == "finished"  # since then it has found nothing
    assert not rests(connection, worker)
    (tmp_path / "go").touch()
    assert slow.wait(10) == "finished"
    assert worker.ended() == 0
