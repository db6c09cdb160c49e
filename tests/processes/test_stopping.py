"""Ctrl+C, kill and kill -9: what runs is finished or comes back, and nobody is left behind."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.support import jobs
from tests.support.workers import (
    Workers,
    children,
    eventually,
    is_alive,
    kill,
)
from workhorse.connection import Connection
from workhorse.embedded.private import PrivateServer
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.worker import Worker

ISOLATIONS = ("warm", "fork", "spawn", "inline")
SOON = 10.0


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


def begun(folder: Path, times: int = 1) -> None:
    """Wait until jobs of `book_when_told` have begun so many times."""
    eventually(lambda: len(lines(folder / "begun")) >= times)


def lines(path: Path) -> list[str]:
    return path.read_text("ascii").split() if path.exists() else []


def let_go(folder: Path) -> None:
    (folder / "go").touch()


def place(connection: Connection, job: Job) -> list[str]:
    """The queues and registries that hold the job."""
    queue = Queue(job.origin, connection)
    kinds = ("started", "finished", "failed", "scheduled", "canceled", "deferred")
    found = [kind for kind in kinds if job in getattr(queue, f"{kind}_job_registry")]
    return found + ["queue"] * queue.job_ids.count(job.id)


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_current_job_finish_and_keeps_the_rest(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str, number: int
):
    worker = workers.start(isolation=isolation)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    rest = [queue.enqueue(jobs.give, n) for n in range(5)]
    begun(tmp_path)
    worker.signal(number)
    eventually(lambda: "stopping" in worker.log)
    let_go(tmp_path)
    assert worker.ended() == 0
    assert job.result == "ran"
    assert queue.job_ids == [one.id for one in rest]
    assert [one.get_status() for one in rest] == ["queued"] * 5
    assert Worker.count(queue.connection) == 0


@pytest.mark.parametrize("isolation", ["warm", "inline"])
def test_a_worker_that_is_stopping_keeps_the_lease_of_what_it_finishes(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation, lease=1)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    worker.signal(signal.SIGTERM)
    eventually(lambda: "stopping" in worker.log)
    workers.start(lease=1)  # it would take the job over
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > 1.5)
    let_go(tmp_path)
    assert worker.ended() == 0
    assert job.is_finished
    assert len(lines(tmp_path / "begun")) == 1


def test_ctrl_c_reaches_the_whole_group_and_the_job_finishes_all_the_same(
    workers: Workers, queue: Queue, tmp_path: Path
):
    worker = workers.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    for number in (signal.SIGINT, signal.SIGTERM):
        for pid in worker.tree():
            kill(pid, number)
    eventually(lambda: "stopping" in worker.log)
    let_go(tmp_path)
    assert worker.ended() == 0
    assert job.is_finished


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_second_signal_kills_what_runs_and_returns_it_to_the_head_of_its_queue(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation, horses=2)
    at_once = 1 if isolation == "inline" else 2
    two = [queue.enqueue(jobs.book_when_told, str(tmp_path), n) for n in range(at_once)]
    rest = [queue.enqueue(jobs.give, n) for n in range(3)]
    begun(tmp_path, at_once)
    began = time.monotonic()
    worker.signal(signal.SIGTERM)
    eventually(lambda: "stopping" in worker.log)
    again = 0.35  # after the echo of the first
    eventually(lambda: time.monotonic() - began > again)
    worker.signal(signal.SIGTERM)
    assert worker.ended(3) == 0
    assert worker.tree() == []
    assert set(queue.job_ids[:at_once]) == {job.id for job in two}
    assert queue.job_ids[at_once:] == [job.id for job in rest]
    for job in two:
        job.refresh()
        assert (job.get_status(), job.record.attempt, job.record.crashes) == ("queued", 0, 0)


def test_a_stop_with_a_grace_ends_after_it(workers: Workers, queue: Queue, tmp_path: Path):
    worker = workers.start(grace=0.3)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    assert worker.stop(3) == 0
    assert (job.get_status(), place(queue.connection, job)) == ("queued", ["queue"])


@pytest.mark.parametrize("isolation", ["warm", "fork", "spawn"])
def test_kill_9_leaves_no_horse_behind_and_the_job_comes_back(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation, horses=2)
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    worker.kill()
    eventually(lambda: not worker.tree(), within=1)
    let_go(tmp_path)
    began = time.monotonic()
    workers.start(isolation=isolation)
    assert job.wait(SOON) == "finished"
    assert time.monotonic() - began < 2 + 1  # with the default lease: the machine is the same
    assert lines(tmp_path / "ledger") == ["ran"]
    job.refresh()
    assert (job.record.attempt, job.record.crashes) == (2, 1)


def test_a_worker_that_was_there_before_takes_over_at_once(
    workers: Workers, queue: Queue, tmp_path: Path
):
    first = workers.start()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    workers.start()
    let_go(tmp_path)
    first.kill_tree()
    assert job.wait(2) == "finished"


def test_an_inline_worker_is_taken_over_too(workers: Workers, queue: Queue, tmp_path: Path):
    first = workers.start(isolation="inline")
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    first.kill()
    let_go(tmp_path)
    workers.start(isolation="inline")
    assert job.wait(3) == "finished"


def test_a_worker_of_the_same_name_takes_over_from_its_dead_self(
    workers: Workers, queue: Queue, tmp_path: Path
):
    first = workers.start(name="ada")
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    first.kill_tree()
    let_go(tmp_path)
    workers.start(name="ada")
    assert job.wait(3) == "finished"


def test_a_worker_whose_name_is_taken_is_refused(workers: Workers):
    first = workers.start(name="ada")
    second = workers.start(name="ada", wait=False)
    assert second.ended() == 1
    assert "a live worker is called 'ada' already" in second.log
    assert first.stop() == 0


def test_a_job_that_kills_its_worker_again_and_again_is_given_up(
    workers: Workers, queue: Queue, tmp_path: Path
):
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    for number in range(1, 3):
        worker = workers.start(max_crashes=1)
        begun(tmp_path, number)
        worker.kill_tree()
    workers.start(max_crashes=1)
    assert job.wait(3) == "failed"
    assert job.exc_info is not None
    assert "AbandonedJobError" in job.exc_info
    assert "vanished, for the 2. time" in job.exc_info


def test_a_job_that_must_not_run_twice_fails_when_its_worker_vanishes(
    workers: Workers, queue: Queue, tmp_path: Path
):
    job = queue.enqueue(jobs.book_when_told, str(tmp_path), on_crash="fail")
    worker = workers.start()
    begun(tmp_path)
    worker.kill_tree()
    workers.start()
    assert job.wait(3) == "failed"
    assert "AbandonedJobError" in (job.exc_info or "")


def test_a_stale_outcome_is_refused(workers: Workers, queue: Queue, tmp_path: Path):
    first = workers.start(lease=1, name="stale")
    job = queue.enqueue(jobs.book_when_told, str(tmp_path), "the frozen one's")
    begun(tmp_path)
    first.signal(signal.SIGSTOP)  # the supervisor alone; its horse runs on
    second = workers.start(lease=1, name="fresh")
    begun(tmp_path, 2)
    horse = eventually(lambda: children(children(second.pid)[0]))[0]
    kill(horse, signal.SIGSTOP)  # so that the stale outcome is the first to arrive
    let_go(tmp_path)
    eventually(lambda: lines(tmp_path / "ledger"))
    first.signal(signal.SIGCONT)
    eventually(lambda: "came too late" in first.log)
    assert job.get_status() == "started"
    assert place(queue.connection, job) == ["started"]
    kill(horse, signal.SIGCONT)
    assert job.wait(SOON) == "finished"
    job.refresh()
    assert job.record.worker_name == "fresh"
    assert place(queue.connection, job) == ["finished"]
    # The one that was frozen goes on as if nothing had been.
    second.stop()
    assert queue.enqueue(jobs.give, 1).wait(SOON) == "finished"
    assert first.process.poll() is None


def test_a_frozen_server_does_not_keep_timeouts_and_signals_from_working(
    own_server: PrivateServer, tmp_path: Path
):
    connection = Connection(own_server.url, "frozen")
    queue = Queue(connection=connection)
    workers = Workers(connection, tmp_path)
    try:
        worker = workers.start()
        job = queue.enqueue(jobs.hang_swallowing, job_timeout=0.5)
        eventually(lambda: job.is_started)
        (horse,) = worker.horses
        own_server.signal(signal.SIGSTOP)
        try:
            eventually(lambda: not is_alive(horse), within=3)
            worker.signal(signal.SIGTERM)
            eventually(lambda: "stopping" in worker.log, within=1)
        finally:
            own_server.signal(signal.SIGCONT)
        assert worker.ended() == 0
        assert job.is_failed
    finally:
        workers.end()
        connection.close()


def test_two_signals_end_a_worker_whose_server_stays_away(
    own_server: PrivateServer, tmp_path: Path
):
    connection = Connection(own_server.url, "away")
    queue = Queue(connection=connection)
    workers = Workers(connection, tmp_path)
    try:
        worker = workers.start()
        job = queue.enqueue(jobs.hang)
        eventually(lambda: job.is_started)
        own_server.signal(signal.SIGSTOP)
        began = time.monotonic()
        worker.signal(signal.SIGTERM)
        eventually(lambda: time.monotonic() - began > 0.35)
        worker.signal(signal.SIGTERM)
        # 5 s to return the job, up to 1 until that is looked at, and 2 to say goodbye.
        assert worker.ended(12) == 0
        assert "the server is away" in worker.log
    finally:
        own_server.signal(signal.SIGCONT)
        workers.end()
        connection.close()
