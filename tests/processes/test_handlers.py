"""Exception handlers, and what is told of horses that died: in horses, and before anybody else."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support import handlers, jobs
from tests.support.handlers import told
from tests.support.workers import Workers, eventually
from workhorse.command import send_stop_job_command
from workhorse.connection import Connection
from workhorse.exceptions import NotImportable
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.worker import SimpleWorker, Worker

HERE = "tests.support.handlers"
ISOLATIONS = ("warm", "fork", "spawn", "thread", "inline")


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


def names(folder: Path) -> list[str]:
    return [name for name, *_ in told(folder)]


def enqueue(queue: Queue, folder: Path, function: Any, *args: Any, **options: Any) -> Job:
    return queue.enqueue(function, *args, meta={"folder": str(folder)}, **options)


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_handlers_are_told_of_a_failure_before_anybody_else(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(
        isolation=isolation, exception_handlers=[f"{HERE}.first", f"{HERE}.second"]
    )
    job = enqueue(queue, tmp_path, jobs.fall, "so what")
    assert job.wait(30) == "failed"
    (kind, job_id, error, text, is_current, has_trace, pid), (other,) = told(tmp_path)
    assert (kind, job_id, error, text) == ("first", job.id, "ValueError", "so what")
    assert (is_current, has_trace, other) == (True, True, "second")
    assert (pid == worker.pid) is (isolation == "inline")
    assert "so what" in (job.exc_info or "")
    assert job in queue.failed_job_registry


@pytest.mark.parametrize("isolation", ["warm", "thread", "fork"])
def test_coroutines_have_handlers_as_well_and_others_run_meanwhile(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    workers.start(isolation=isolation, exception_handlers=[f"{HERE}.first"])
    bad = enqueue(queue, tmp_path, jobs.async_call, "tests.support.jobs.fall", "x")
    good = queue.enqueue(jobs.async_add, 1, 2)
    assert (bad.wait(30), good.wait(30)) == ("failed", "finished")
    assert names(tmp_path) == ["first"]


def test_one_that_returns_something_false_is_the_last(
    workers: Workers, queue: Queue, tmp_path: Path
):
    chain = [f"{HERE}.{name}" for name in ("first", "second", "last", "second")]
    workers.start(exception_handlers=chain)
    assert enqueue(queue, tmp_path, jobs.fall).wait(30) == "failed"
    assert names(tmp_path) == ["first", "second", "last"]


def test_one_that_fails_is_told_of_in_the_log_and_the_next_is_called(
    workers: Workers, queue: Queue, tmp_path: Path
):
    worker = workers.start(exception_handlers=[f"{HERE}.broken", f"{HERE}.second"])
    job = enqueue(queue, tmp_path, jobs.fall, "so what")
    assert job.wait(30) == "failed"
    assert names(tmp_path) == ["broken", "second"]
    assert "so what" in (job.exc_info or "")
    assert "RuntimeError: the handler itself fails" in worker.log


def test_each_attempt_is_handled_and_what_finishes_is_not(
    workers: Workers, queue: Queue, tmp_path: Path
):
    workers.start(exception_handlers=[f"{HERE}.second"])
    job = enqueue(queue, tmp_path, jobs.fail_until, str(tmp_path / "runs"), 3, retry=5)
    assert job.wait(30) == "finished"
    assert names(tmp_path) == ["second", "second"]


@pytest.mark.parametrize("isolation", ["warm", "fork", "thread"])
def test_a_job_that_timed_out_is_handled_and_its_time_does_not_count_for_the_handler(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    workers.start(isolation=isolation, exception_handlers=[f"{HERE}.slow"])
    # With its second of grace, that is less than the handler takes.
    job = enqueue(queue, tmp_path, jobs.hang, job_timeout=0.3)
    assert job.wait(30) == "failed"
    assert names(tmp_path) == ["slow begins", "slow"]
    assert "longer than its timeout of 0.3 s" in (job.exc_info or "")


def test_a_job_that_cannot_be_imported_is_handled(workers: Workers, queue: Queue, tmp_path: Path):
    workers.start(exception_handlers=[f"{HERE}.first"])
    assert enqueue(queue, tmp_path, "no_such_module.f").wait(30) == "failed"
    ((_, _, kind, *_),) = told(tmp_path)
    assert kind == "NotImportable"


def test_a_handler_that_kills_its_horse_fails_only_that_job(
    workers: Workers, queue: Queue, tmp_path: Path
):
    workers.start(exception_handlers=[f"{HERE}.dies"])
    bad = enqueue(queue, tmp_path, jobs.fall, "so what")
    good = queue.enqueue(jobs.give, 1)
    assert (bad.wait(30), good.wait(30)) == ("failed", "finished")
    assert "signal 11" in (bad.exc_info or "")


def test_without_the_default_handler_failed_jobs_are_not_kept(
    workers: Workers, queue: Queue, tmp_path: Path
):
    workers.start(exception_handlers=[f"{HERE}.first"], disable_default_exception_handler=True)
    job = enqueue(queue, tmp_path, jobs.fall)
    kept = enqueue(queue, tmp_path, jobs.fall, failure_ttl=60)
    assert (job.wait(30), kept.wait(30)) == ("failed", "failed")
    assert len(told(tmp_path)) == 2
    assert queue.failed_job_registry.get_job_ids() == [kept.id]


# Horses that died


@pytest.mark.parametrize("isolation", ["warm", "fork", "spawn"])
def test_the_handler_for_killed_horses_hears_in_another_horse_what_happened(
    workers: Workers, queue: Queue, tmp_path: Path, isolation: str
):
    worker = workers.start(isolation=isolation, work_horse_killed_handler=f"{HERE}.killed")
    job = enqueue(queue, tmp_path, jobs.kill_itself)
    assert job.wait(30) == "failed"
    ((_, job_id, pid, status, has_usage, where),) = told(tmp_path)
    assert (job_id, status, has_usage) == (job.id, signal.SIGKILL, True)
    assert where not in {pid, worker.pid}
    assert "signal 9" in (job.exc_info or "")
    assert job in queue.failed_job_registry


@pytest.mark.parametrize("handler", ["killed_badly", "kills"])
def test_a_handler_that_fails_or_dies_changes_nothing(
    workers: Workers, queue: Queue, tmp_path: Path, handler: str
):
    worker = workers.start(work_horse_killed_handler=f"{HERE}.{handler}")
    job = enqueue(queue, tmp_path, jobs.segfault)
    assert job.wait(30) == "failed"
    assert "signal 11" in (job.exc_info or "")
    assert len(told(tmp_path)) == 1
    assert "the handler for killed work horses failed for job" in worker.log
    assert queue.enqueue(jobs.give, 1).wait(30) == "finished"


def test_retries_hold_and_each_death_is_told(workers: Workers, queue: Queue, tmp_path: Path):
    workers.start(work_horse_killed_handler=f"{HERE}.killed")
    assert enqueue(queue, tmp_path, jobs.kill_itself, retry=2).wait(30) == "failed"
    assert names(tmp_path) == ["killed"] * 3


def test_a_horse_that_is_killed_at_its_timeout_is_told(
    workers: Workers, queue: Queue, tmp_path: Path
):
    workers.start(work_horse_killed_handler=f"{HERE}.killed")
    job = enqueue(queue, tmp_path, jobs.hang_masked, job_timeout=1)
    assert job.wait(30) == "failed"
    assert names(tmp_path) == ["killed"]
    assert "timeout" in (job.exc_info or "")


def test_a_job_that_is_stopped_is_not_told(workers: Workers, queue: Queue, tmp_path: Path):
    workers.start(work_horse_killed_handler=f"{HERE}.killed")
    job = enqueue(queue, tmp_path, jobs.book_when_told, str(tmp_path))
    eventually((tmp_path / "begun").exists)
    send_stop_job_command(queue.connection, job.id)
    assert job.get_status() == "stopped"
    assert told(tmp_path) == []


def test_a_worker_that_stops_tells_first_what_it_has_to_tell(
    workers: Workers, queue: Queue, tmp_path: Path
):
    worker = workers.start(work_horse_killed_handler=f"{HERE}.killed_when_told")
    job = enqueue(queue, tmp_path, jobs.kill_itself)
    eventually(lambda: names(tmp_path) == ["waits"])
    worker.signal(signal.SIGTERM)
    eventually(lambda: "stopping" in worker.log)
    assert job.get_status() == "started"
    (tmp_path / "go").touch()
    assert worker.ended() == 0
    assert job.get_status() == "failed"
    assert names(tmp_path) == ["waits", "went"]


def test_if_the_worker_dies_before_the_handler_has_run_the_job_is_delivered_again(
    workers: Workers, queue: Queue, tmp_path: Path
):
    worker = workers.start(work_horse_killed_handler=f"{HERE}.killed_when_told")
    job = enqueue(queue, tmp_path, jobs.kill_itself)
    eventually(lambda: names(tmp_path) == ["waits"])
    worker.kill_tree()
    workers.start(work_horse_killed_handler=f"{HERE}.killed_when_told")
    eventually(lambda: names(tmp_path) == ["waits", "waits"])
    (tmp_path / "go").touch()
    assert job.wait(30) == "failed"


# What is said at once


@pytest.mark.parametrize("isolation", ["warm", "spawn", "inline"])
@pytest.mark.parametrize("option", ["exception_handlers", "work_horse_killed_handler"])
def test_a_handler_that_is_not_there_ends_the_worker_at_its_start(
    workers: Workers, option: str, isolation: str
):
    worker = workers.start(wait=False, isolation=isolation, **{option: f"{HERE}.no_such"})
    assert worker.ended(20) == 1
    assert f"cannot import '{HERE}.no_such'" in worker.log


def test_what_cannot_be_a_handler_is_refused(connection: Connection):
    with pytest.raises(NotImportable, match="a lambda has none"):
        Worker("q", connection=connection, exception_handlers=lambda *_: None)
    with pytest.raises(NotImportable, match="asynchronous is async; a handler is a plain function"):
        Worker("q", connection=connection, exception_handlers=[handlers.asynchronous])
    with pytest.raises(NotImportable, match="needs its instance"):
        Worker("q", connection=connection, work_horse_killed_handler=jobs.Account(1).deposit)
    with pytest.raises(TypeError, match="no parameter 'horse'; did you mean 'horses'"):
        Worker("q", connection=connection, horse=2)  # type: ignore[call-arg]  # that is the point


def test_handlers_are_pushed_and_popped(connection: Connection):
    worker = Worker("q", connection=connection, exception_handlers=handlers.first)
    worker.push_exc_handler(handlers.second)
    assert worker.settings().handlers == (f"{HERE}.first", f"{HERE}.second")
    assert worker.pop_exc_handler() == f"{HERE}.second"
    assert worker.pop_exc_handler() == f"{HERE}.first"
    with pytest.raises(IndexError, match="no exception handlers"):
        worker.pop_exc_handler()


def test_what_rq_has_and_nothing_needs_is_said(
    connection: Connection, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level("INFO", "workhorse"):
        worker = SimpleWorker("q", connection=connection, worker_ttl=9, death_penalty_class=object)
        worker.work(burst=True, with_scheduler=True, logging_level="INFO")
    for name in ("worker_ttl", "death_penalty_class", "with_scheduler"):
        assert f"{name} is not needed: " in caplog.text
