"""Pools of workers: what dies comes back, what is told to stop stops, and nobody is left behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import jobs
from tests.support.pools import PoolProcess
from tests.support.workers import Workers, children, eventually, is_alive, kill
from workhorse.connection import Connection
from workhorse.queue import Queue
from workhorse.worker import Worker
from workhorse.worker_pool import WorkerPool

Start = Callable[..., PoolProcess]


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


@pytest.fixture
def pool(connection: Connection, tmp_path: Path) -> Iterator[Start]:
    """Starts pools; when they are killed, nothing of them may be left."""
    started: list[PoolProcess] = []

    def start(**options: Any) -> PoolProcess:
        started.append(PoolProcess(tmp_path, connection, num_workers=2, **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        try:
            eventually(one.has_gone, within=5)
        finally:
            one.clear()
            print(f"--- {one.name}\n{one.log[-6000:]}")  # noqa: T201 - shown if the test fails


def begun(folder: Path, times: int = 1) -> None:
    """Wait until jobs of `book_when_told` have begun so many times."""
    file = folder / "begun"
    eventually(lambda: file.exists() and len(file.read_text("ascii").split()) >= times)


def passes(seconds: float) -> None:
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > seconds)


def test_a_pool_has_so_many_workers_which_are_called_after_it(
    pool: Start, queue: Queue, tmp_path: Path
):
    workers = pool(name="web").workers()
    assert sorted(workers) == ["web.1", "web.2"]
    two = [queue.enqueue(jobs.book_when_told, str(tmp_path), n) for n in range(2)]
    begun(tmp_path, 2)  # each in a worker of its own, as each has one horse
    for job in two:
        job.refresh()
    assert {job.worker_name for job in two} == {"web.1", "web.2"}
    (tmp_path / "go").touch()
    assert [job.wait(20) for job in two] == ["finished"] * 2


def test_a_burst_ends_when_the_queues_are_empty(pool: Start, queue: Queue):
    many = [queue.enqueue(jobs.give, n) for n in range(50)]
    assert pool(burst=True).ended(20) == 0
    assert [job.result for job in many] == list(range(50))


@pytest.mark.parametrize("isolation", ["warm", "inline"])
def test_a_worker_that_is_killed_comes_back_and_its_job_runs_again(
    pool: Start, queue: Queue, tmp_path: Path, isolation: str
):
    one = pool(isolation=isolation)
    before = one.workers()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    job.refresh()
    assert job.worker_name is not None
    kill(before[job.worker_name], signal.SIGKILL)
    begun(tmp_path, 2)
    after = one.workers()
    assert after.keys() == before.keys()
    assert after[job.worker_name] != before[job.worker_name]
    (tmp_path / "go").touch()
    assert job.wait(20) == "finished"


def test_a_worker_that_keeps_dying_is_started_at_growing_intervals(pool: Start):
    one = pool()
    for _ in range(3):
        for pid in one.workers().values():
            kill(pid, signal.SIGKILL)
            eventually(lambda pid=pid: not is_alive(pid))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    began = time.monotonic()
    one.workers()
    assert time.monotonic() - began > 0.5


@pytest.mark.parametrize("isolation", ["warm", "inline"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_all_finish_what_runs(
    pool: Start, queue: Queue, tmp_path: Path, number: int, isolation: str
):
    one = pool(isolation=isolation)
    one.workers()
    two = [queue.enqueue(jobs.book_when_told, str(tmp_path), n) for n in range(2)]
    begun(tmp_path, 2)
    rest = queue.enqueue(jobs.give, 1)
    one.signal(number)
    eventually(lambda: one.log.count("stopping: finishing") >= 2)
    (tmp_path / "go").touch()
    assert one.ended() == 0
    assert [job.get_status() for job in two] == ["finished"] * 2
    assert rest.get_status() == "queued"
    assert one.tree() == []
    assert Worker.count(queue.connection) == 0


@pytest.mark.parametrize("isolation", ["warm", "inline"])
def test_a_second_signal_stops_all_at_once(
    pool: Start, queue: Queue, tmp_path: Path, isolation: str
):
    one = pool(isolation=isolation)
    one.workers()
    two = [queue.enqueue(jobs.book_when_told, str(tmp_path), n) for n in range(2)]
    begun(tmp_path, 2)
    one.signal(signal.SIGTERM)
    eventually(lambda: one.log.count("stopping: finishing") >= 2)
    passes(0.35)  # after the echo of the first
    one.signal(signal.SIGTERM)
    assert one.ended(5) == 0
    assert one.tree() == []
    assert set(queue.job_ids) == {job.id for job in two}
    assert {(job.get_status(), job.record.attempt) for job in two} == {("queued", 0)}


def test_ctrl_c_and_an_init_system_reach_all_processes_and_the_jobs_finish_all_the_same(
    pool: Start, queue: Queue, tmp_path: Path
):
    one = pool()
    one.workers()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    for pid in one.tree():
        kill(pid, signal.SIGTERM)
    eventually(lambda: one.log.count("stopping: finishing") >= 2)
    (tmp_path / "go").touch()
    assert one.ended() == 0
    assert job.get_status() == "finished"


@pytest.mark.parametrize("isolation", ["warm", "fork"])
def test_a_pool_that_is_killed_takes_its_workers_along_and_no_job_is_lost(
    pool: Start, workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    one = pool(isolation=isolation)
    one.workers()
    two = [queue.enqueue(jobs.book_when_told, str(tmp_path), n) for n in range(2)]
    begun(tmp_path, 2)
    one.kill()
    eventually(one.has_gone, within=5)
    for job in two:
        job.refresh()
        assert (job.get_status(), job.record.attempt, job.record.crashes) == ("queued", 0, 0)
    (tmp_path / "go").touch()
    workers.start()
    assert [job.wait(20) for job in two] == ["finished"] * 2


def test_a_pool_that_is_killed_while_its_workers_start_leaves_none_behind(pool: Start):
    one = pool()
    eventually(lambda: children(one.pid))
    one.kill()
    eventually(one.has_gone, within=10)


def test_with_a_grace_the_workers_of_a_pool_that_is_killed_may_finish(
    pool: Start, queue: Queue, tmp_path: Path
):
    one = pool(grace=30)
    one.workers()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    one.kill()
    eventually(lambda: "the pool is gone" in one.log)
    (tmp_path / "go").touch()
    assert job.wait(20) == "finished"
    eventually(one.has_gone)


def test_workers_that_have_run_their_jobs_are_followed_by_others(pool: Start, queue: Queue):
    one = pool(max_jobs=1)
    before = one.workers()
    many = [queue.enqueue(jobs.give, n) for n in range(6)]
    assert [job.wait(30) for job in many] == ["finished"] * 6
    assert set(one.workers().values()).isdisjoint(before.values())


def test_a_pool_whose_workers_cannot_work_ends_and_says_why(pool: Start):
    one = pool(preload=["no_such_module"])
    assert one.ended(20) == 1
    assert "so the pool stops: cannot preload no_such_module" in one.log
    assert "ImportError: cannot preload no_such_module" in one.log


def test_a_name_that_is_taken_is_waited_for(pool: Start, workers: Workers):
    other = workers.start(name="web.1")
    one = pool(name="web")
    eventually(lambda: "a live worker is called 'web.1' already" in one.log)
    one.workers(1)
    other.stop()
    assert sorted(one.workers(2)) == ["web.1", "web.2"]


def test_a_pool_refuses_what_it_cannot_be(connection: Connection):
    class Odd(Worker):
        def work(self, *_words: object, **_options: object) -> bool:
            return False

    with pytest.raises(ValueError, match="num_workers is 0; it must be at least 1"):
        WorkerPool("default", connection, 0)
    with pytest.raises(ValueError, match="Odd works in a way of its own"):
        WorkerPool("default", connection, worker_class=Odd)
    with pytest.raises(ValueError, match="horses is 0"):
        WorkerPool("default", connection, horses=0)


@pytest.mark.slow
def test_a_worker_that_does_not_stop_is_killed(pool: Start, queue: Queue, tmp_path: Path):
    one = pool()
    workers = one.workers()
    job = queue.enqueue(jobs.book_when_told, str(tmp_path))
    begun(tmp_path)
    job.refresh()
    kill(workers[job.worker_name or ""], signal.SIGSTOP)
    one.signal(signal.SIGTERM)
    eventually(lambda: "worker" in one.log and "stopping: finishing" in one.log)
    passes(0.35)
    one.signal(signal.SIGTERM)
    assert one.ended(15) == 0
    assert f"worker {job.worker_name} does not stop, and is killed" in one.log
    eventually(one.has_gone)
