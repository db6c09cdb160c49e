"""Callbacks run where the function ran, in their own time; and somebody calls them if that died."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support import endings, jobs
from tests.support.endings import noted
from tests.support.scripts import Scripts
from tests.support.workers import Workers, eventually, kill
from workhorse.callbacks import Callback
from workhorse.command import send_stop_job_command
from workhorse.connection import Connection
from workhorse.job import Job
from workhorse.options import CallOptions
from workhorse.policies import Repeat, Retry
from workhorse.queue import Queue

ISOLATIONS = ("warm", "fork", "spawn", "thread", "inline")
WITH_HORSES = ("warm", "fork", "spawn", "thread")
ALONE = ("fork", "spawn")
"""Where each job has a process of its own: a few show what many would."""
SOON = 20.0


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


def enqueue(queue: Queue, notes: Path, function: Any, *args: Any, **options: Any) -> Job:
    return queue.enqueue(function, args=args, meta={"notes": str(notes)}, **options)


def kinds(notes: Path) -> list[str]:
    return [one["kind"] for one in noted(notes)]


def has_begun(folder: Path, times: int) -> bool:
    """Whether jobs of `book_when_told` have begun so many times."""
    path = folder / "begun"
    return path.exists() and len(path.read_text().split()) >= times


def failure(job: Job) -> str:
    return job.exc_info or ""


# Success


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("callback", [endings.succeed, endings.succeed_later])
def test_on_success_is_called_with_the_result_before_the_job_is_finished(
    workers: Workers, queue: Queue, notes: Path, isolation: str, callback: Any
):
    workers.start(isolation=isolation)
    job = enqueue(queue, notes, endings.leave_word, "hay", on_success=callback)
    assert job.wait(SOON) == "finished"
    assert job.result == "hay"
    (said,) = noted(notes)
    assert said.pop("pid") != os.getpid()
    assert said == {
        "kind": "success",
        "job": job.id,
        "current": job.id,
        "result": "hay",
        "seen": "hay",
        "same": True,
    }


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("callback", [endings.succeed, endings.succeed_later])
def test_coroutines_have_callbacks_too(
    workers: Workers, queue: Queue, notes: Path, isolation: str, callback: Any
):
    workers.start(isolation=isolation)
    number = 4 if isolation in ALONE else 20
    made = [enqueue(queue, notes, jobs.async_add, n, n, on_success=callback) for n in range(number)]
    assert [job.wait(SOON) for job in made] == ["finished"] * number
    assert sorted(one["result"] for one in noted(notes)) == [2 * n for n in range(number)]
    assert all(one["job"] == one["current"] for one in noted(notes))


def test_a_job_that_repeats_calls_on_success_each_time(workers: Workers, queue: Queue, notes: Path):
    workers.start()
    job = enqueue(queue, notes, jobs.give, 1, on_success=endings.succeed, repeat=Repeat(2))
    eventually(lambda: kinds(notes) == ["success"] * 3)
    assert job.wait(SOON) == "finished"


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_job_whose_on_success_raises_fails_with_that_and_calls_on_failure(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    workers.start(isolation=isolation)
    job = enqueue(queue, notes, jobs.give, 1, on_success=endings.spoil, on_failure=endings.fail)
    assert job.wait(SOON) == "failed"
    assert "KeyError: 'spoilt'" in failure(job)
    assert [(one["kind"], one.get("type")) for one in noted(notes)] == [
        ("success", None),
        ("failure", "KeyError"),
    ]


def test_a_result_that_cannot_be_stored_is_a_failure_and_no_success(
    workers: Workers, queue: Queue, notes: Path
):
    workers.start()
    job = enqueue(
        queue,
        notes,
        endings.give_what_cannot_be_stored,
        on_success=endings.succeed,
        on_failure=endings.fail,
    )
    assert job.wait(SOON) == "failed"
    assert [one.get("type") for one in noted(notes)] == ["NotSerializable"]


# Failure


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("callback", [endings.fail, endings.fail_later])
def test_on_failure_is_called_with_the_exception(
    workers: Workers, queue: Queue, notes: Path, isolation: str, callback: Any
):
    workers.start(isolation=isolation)
    job = enqueue(queue, notes, jobs.fall, "ouch", on_failure=callback)
    assert job.wait(SOON) == "failed"
    (said,) = noted(notes)
    assert (said["type"], said["value"], said["traced"]) == ("ValueError", "ouch", True)
    assert said["current"] == job.id
    assert failure(job).rstrip().endswith("ValueError: ouch")


def test_on_failure_is_called_for_each_attempt_that_fails(
    workers: Workers, queue: Queue, notes: Path
):
    workers.start()
    job = enqueue(queue, notes, jobs.fall, on_failure=endings.fail, retry=Retry(2))
    assert job.wait(SOON) == "failed"
    assert kinds(notes) == ["failure"] * 3


def test_a_job_that_is_retried_and_finishes_calls_both(
    workers: Workers, queue: Queue, notes: Path, tmp_path: Path
):
    workers.start()
    job = enqueue(
        queue,
        notes,
        endings.fall_once,
        str(tmp_path / "ran"),
        on_success=endings.succeed,
        on_failure=endings.fail,
        retry=1,
    )
    assert job.wait(SOON) == "finished"
    assert kinds(notes) == ["failure", "success"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_an_error_of_on_failure_is_told_behind_that_of_the_job(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    workers.start(isolation=isolation)
    job = enqueue(queue, notes, jobs.fall, "ouch", on_failure=endings.fail_badly)
    assert job.wait(SOON) == "failed"
    said = failure(job)
    assert 0 < said.index("ValueError: ouch") < said.index("KeyError: 'in the callback'")


def test_a_function_that_cannot_be_imported_calls_on_failure(
    workers: Workers, queue: Queue, notes: Path
):
    workers.start()
    job = enqueue(queue, notes, "tests.support.jobs.nowhere", on_failure=endings.fail)
    assert job.wait(SOON) == "failed"
    assert noted(notes)[0]["type"] == "NotImportable"


def test_a_callback_that_cannot_be_imported_fails_the_job(
    workers: Workers, queue: Queue, notes: Path
):
    workers.start()
    job = enqueue(queue, notes, jobs.give, on_success="tests.support.jobs.nowhere")
    assert job.wait(SOON) == "failed"
    assert "no 'nowhere'" in failure(job)


def test_callbacks_must_be_allowed_like_functions(workers: Workers, queue: Queue, notes: Path):
    workers.start(allow=["tests.support.jobs.*"])
    job = enqueue(queue, notes, jobs.give, on_success=endings.succeed)
    assert job.wait(SOON) == "failed"
    assert "is not among what this worker allows" in failure(job)
    assert noted(notes) == []


# Time


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("callback", [endings.hang, endings.hang_later])
@pytest.mark.parametrize("function", [jobs.add, jobs.async_add])
def test_a_callback_that_hangs_is_stopped_in_its_own_time(
    workers: Workers, queue: Queue, notes: Path, isolation: str, callback: Any, function: Any
):
    workers.start(isolation=isolation)
    job = enqueue(
        queue, notes, function, 1, 2, on_success=Callback(callback, 0.3), on_failure=endings.fail
    )
    assert job.wait(SOON) == "failed"
    # One on a thread that is not in Python code ends with its horse; then a follow-up tells it.
    eventually(lambda: kinds(notes) == ["hangs", "failure"])
    assert noted(notes)[1]["type"] == "JobTimeoutException"
    assert "the callback on_success ran longer than its timeout of 0.3 s" in failure(job)


@pytest.mark.parametrize("isolation", ["warm", "fork"])
def test_a_callback_has_its_time_after_a_job_that_used_up_its_own(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    workers.start(isolation=isolation)
    job = enqueue(
        queue, notes, jobs.nap, 60, job_timeout=0.3, on_failure=Callback(endings.fail, 30)
    )
    assert job.wait(SOON) == "failed"
    assert [(one["type"], one["traced"]) for one in noted(notes)] == [("JobTimeoutException", True)]


def test_a_callback_may_take_longer_than_the_job_may(workers: Workers, queue: Queue, notes: Path):
    worker = workers.start()
    job = enqueue(
        queue, notes, jobs.give, 1, job_timeout=0.2, on_success=Callback(endings.wait_for_go, 30)
    )
    eventually(Path(f"{notes}.go").exists)
    late = enqueue(queue, notes, jobs.nap, 60, job_timeout=0.1)
    other = workers.start()
    # By then the first has overstayed what the function was given, and a second of grace.
    assert late.wait(SOON) == "failed"
    long_one = enqueue(queue, notes, jobs.nap, 1.5)
    assert long_one.wait(SOON) == "finished"
    Path(f"{notes}.went").touch()
    assert job.wait(SOON) == "finished"
    assert kinds(notes) == ["waits", "went"]
    assert worker.pid != other.pid


@pytest.mark.parametrize("isolation", WITH_HORSES)
def test_a_callback_that_nothing_ends_dies_with_its_horse_and_the_error_of_the_job_is_kept(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    workers.start(isolation=isolation)
    job = enqueue(queue, notes, jobs.fall, "ouch", on_failure=Callback(endings.fail_and_hang, 0.3))
    assert job.wait(SOON) == "failed"
    said = failure(job)
    assert "the callback on_failure ran longer than its timeout of 0.3 s" in said
    assert "its work horse was killed" in said
    assert "ValueError: ouch" in said


# Deaths


@pytest.mark.parametrize("isolation", WITH_HORSES)
def test_on_failure_of_a_job_that_died_with_its_horse_is_a_job_of_its_own(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    workers.start(isolation=isolation)
    job = enqueue(queue, notes, jobs.kill_itself, on_failure=endings.fail)
    assert job.wait(SOON) == "failed"
    (said,) = eventually(lambda: noted(notes))
    assert (said["type"], said["traced"]) == ("WorkHorseDied", False)
    assert said["job"] == job.id
    assert said["current"] == f"{job.id}-on-failure"


@pytest.mark.parametrize(
    ("function", "options", "kind"),
    [
        (jobs.kill_itself, {}, "WorkHorseDied"),
        (jobs.hang_swallowing, {"job_timeout": 0.2}, "JobTimeoutException"),
    ],
)
def test_attempts_that_end_with_their_horse_call_on_failure_once_for_the_last(
    workers: Workers, queue: Queue, notes: Path, function: Any, options: Any, kind: str
):
    workers.start()
    job = enqueue(queue, notes, function, on_failure=endings.fail, retry=Retry(1), **options)
    assert job.wait(SOON) == "failed"
    assert len(job.results()) == 2
    assert Job(f"{job.id}-on-failure", queue.connection).wait(SOON) == "finished"
    (said,) = noted(notes)
    assert said["type"] == kind


def test_on_failure_of_a_job_that_had_to_be_killed_is_told_of_the_timeout(
    workers: Workers, queue: Queue, notes: Path
):
    workers.start()
    job = enqueue(queue, notes, jobs.hang_swallowing, job_timeout=0.2, on_failure=endings.fail)
    assert job.wait(SOON) == "failed"
    (said,) = eventually(lambda: noted(notes))
    assert said["type"] == "JobTimeoutException"


def test_on_failure_of_a_job_that_is_not_kept_is_called_nevertheless(
    workers: Workers, queue: Queue
):
    workers.start()
    job = queue.enqueue(jobs.kill_itself, failure_ttl=0, on_failure=endings.fail)
    assert job.wait(SOON) == "failed"
    follow_up = Job(f"{job.id}-on-failure", queue.connection)
    # It has no `meta` to find the file in, so it fails where it would note something.
    assert follow_up.wait(SOON) == "failed"
    assert "KeyError: 'notes'" in failure(follow_up)


def test_on_failure_of_a_job_whose_payload_is_refused_is_called(
    workers: Workers, queue: Queue, notes: Path
):
    job = enqueue(queue, notes, jobs.give, on_failure=endings.fail)
    jobs_key = queue.connection.keys.job(job.id)
    Scripts(queue.connection).command("HSET", jobs_key, "data", b"garbage")
    workers.start()
    assert job.wait(SOON) == "failed"
    (said,) = eventually(lambda: noted(notes))
    assert said["type"] == "DeserializationError"


def test_on_success_that_kills_its_horse_fails_the_job_and_calls_on_failure(
    workers: Workers, queue: Queue, notes: Path
):
    workers.start()
    job = enqueue(queue, notes, jobs.give, 1, on_success=endings.die, on_failure=endings.fail)
    assert job.wait(SOON) == "failed"
    assert "in the callback on_success" in failure(job)
    eventually(lambda: kinds(notes) == ["dies", "failure"])


def test_on_failure_of_a_job_whose_workers_vanished_too_often_is_called(
    workers: Workers, queue: Queue, notes: Path, tmp_path: Path
):
    job = enqueue(queue, notes, jobs.book_when_told, str(tmp_path), on_failure=endings.fail)
    for times in range(1, 3):
        worker = workers.start(lease=1, max_crashes=1)
        eventually(partial(has_begun, tmp_path, times))
        worker.kill_tree()
    workers.start(lease=1, max_crashes=1)
    assert job.wait(SOON) == "failed"
    (said,) = eventually(lambda: noted(notes))
    assert said["type"] == "AbandonedJobError"
    assert "vanished, for the 2. time" in said["value"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_worker_that_dies_in_a_callback_runs_the_job_and_the_callback_again(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    first = workers.start(isolation=isolation, lease=1)
    job = enqueue(queue, notes, jobs.give, 1, on_success=endings.wait_for_go)
    eventually(Path(f"{notes}.go").exists)
    first.kill_tree()
    Path(f"{notes}.went").touch()
    workers.start(isolation=isolation, lease=1)
    assert job.wait(SOON) == "finished"
    assert kinds(notes) == ["waits", "waits", "went"]


def test_a_horse_that_is_killed_in_a_callback_fails_the_job(
    workers: Workers, queue: Queue, notes: Path
):
    worker = workers.start()
    job = enqueue(
        queue, notes, jobs.give, 1, on_success=endings.wait_for_go, on_failure=endings.fail
    )
    eventually(Path(f"{notes}.go").exists)
    kill(worker.horses[0], signal.SIGKILL)
    assert job.wait(SOON) == "failed"
    eventually(lambda: kinds(notes) == ["waits", "failure"])


def test_on_failure_of_a_job_whose_parent_failed_is_called(
    workers: Workers, queue: Queue, notes: Path
):
    parent = queue.enqueue(jobs.fall)
    child = enqueue(queue, notes, jobs.give, depends_on=parent, on_failure=endings.fail)
    workers.start()
    assert child.wait(SOON) == "failed"
    (said,) = eventually(lambda: noted(notes))
    assert said["type"] == "DependencyFailedError"


# Stopped


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("function", [jobs.nap, jobs.async_nap])
def test_a_stopped_job_calls_on_stopped_and_nothing_else(
    workers: Workers, queue: Queue, notes: Path, isolation: str, function: Any
):
    workers.start(isolation=isolation)
    job = enqueue(queue, notes, function, 60, on_stopped=endings.stopped, on_failure=endings.fail)
    eventually(lambda: job.is_started)
    send_stop_job_command(queue.connection, job.id)
    assert job.wait(SOON) == "stopped"
    (said,) = eventually(lambda: noted(notes))
    assert (said["kind"], said["job"], said["status"]) == ("stopped", job.id, "stopped")


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_coroutine_that_is_stopped_in_the_middle_has_not_failed(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    workers.start(isolation=isolation)
    job = enqueue(
        queue,
        notes,
        jobs.async_book_when_told,
        str(notes.parent),
        on_stopped=endings.stopped,
        on_failure=endings.fail,
    )
    eventually((notes.parent / "begun").exists)
    send_stop_job_command(queue.connection, job.id)
    assert job.wait(SOON) == "stopped"
    (said,) = eventually(lambda: noted(notes))
    assert said["kind"] == "stopped"


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_job_that_is_stopped_in_its_callback_is_stopped(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    workers.start(isolation=isolation)
    job = enqueue(
        queue,
        notes,
        jobs.give,
        1,
        on_success=endings.wait_for_go,
        on_failure=endings.fail,
        on_stopped=endings.stopped,
    )
    eventually(Path(f"{notes}.go").exists)
    send_stop_job_command(queue.connection, job.id)
    assert job.wait(SOON) == "stopped"
    eventually(lambda: kinds(notes) == ["waits", "stopped"])


# Many


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_many_quick_jobs_call_theirs_once_each(
    workers: Workers, queue: Queue, notes: Path, isolation: str
):
    number = 8 if isolation == "spawn" else 100
    options: CallOptions = {
        "meta": {"notes": str(notes)},
        "on_success": endings.succeed,
        "on_failure": endings.fail,
    }
    calls = [Queue.prepare_data(jobs.give, (n,), **options) for n in range(number)]
    calls += [Queue.prepare_data(jobs.async_give, (n,), **options) for n in range(number)]
    calls += [Queue.prepare_data(jobs.fall, **options) for _ in range(number)]
    made = queue.enqueue_many(calls)
    workers.start(isolation=isolation, horses=2)
    ended = [job.wait(60) for job in made]
    assert ended == ["finished"] * (2 * number) + ["failed"] * number
    said = noted(notes)
    assert sorted(one["job"] for one in said) == sorted(job.id for job in made)
    assert all(one["current"] == one["job"] for one in said)
    results = [one["result"] for one in said if one["kind"] == "success"]
    assert sorted(results) == sorted([*range(number)] * 2)


# Here


def test_a_queue_that_runs_its_own_jobs_calls_their_callbacks(connection: Connection, notes: Path):
    queue = Queue(connection=connection, is_async=False)
    done = enqueue(queue, notes, jobs.give, 1, on_success=endings.succeed)
    fell = enqueue(queue, notes, jobs.fall, on_failure=endings.fail)
    assert (done.get_status(), fell.get_status()) == ("finished", "failed"), done.exc_info
    assert kinds(notes) == ["success", "failure"]
    assert {one["pid"] for one in noted(notes)} == {os.getpid()}
