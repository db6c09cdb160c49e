"""A Sentry is told of jobs that failed for good, by the real sentry_sdk in real horses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import jobs
from tests.support.envelopes import dsn_of, events
from tests.support.receivers import HANGS, Receiver, receiving
from tests.support.workers import ROOT, Workers, eventually
from workhorse.connection import Connection
from workhorse.job import Job
from workhorse.policies import Retry
from workhorse.queue import Queue

HOME = "workhorse.integrations"
ISOLATIONS = ("warm", "fork", "spawn", "thread", "inline")
WATCHED: dict[str, Any] = {
    "preload": [f"{HOME}.sentried"],
    "exception_handlers": [f"{HOME}.sentry.report"],
    "work_horse_killed_handler": f"{HOME}.sentry.mourn",
}
HERE = """
import sys, sentry_sdk
from workhorse import Queue
{init}
job = Queue(connection=sys.argv[1], is_async=False).enqueue("tests.support.jobs.fall", "here")
print(job.id, job.get_status())
"""


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as receiver:
        monkeypatch.setenv("SENTRY_DSN", dsn_of(receiver))
        yield receiver


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_failure_is_told_before_the_job_counts_as_failed(
    workers: Workers, queue: Queue, sentry: Receiver, isolation: str
):
    worker = workers.start(isolation=isolation, **WATCHED)
    job = queue.enqueue(jobs.fall, "secret argument")
    assert job.wait(30) == "failed"
    (event,) = events(sentry)
    (raised,) = event["exception"]["values"]
    assert (raised["type"], raised["value"]) == ("ValueError", "secret argument")
    assert raised["mechanism"] == {"type": "workhorse", "handled": False}
    assert raised["stacktrace"]["frames"][-1]["function"] == "fall"
    told = {name: event["tags"][name] for name in ("job_id", "queue", "function")}
    assert told == {"job_id": job.id, "queue": "default", "function": "tests.support.jobs.fall"}
    assert event["transaction"] == "tests.support.jobs.fall"
    context = event["contexts"]["job"]
    assert (context["id"], context["attempt"]) == (job.id, 1)
    assert not {"args", "kwargs", "description"} & context.keys()
    assert worker.process.poll() is None


def test_each_failure_of_a_warm_horse_is_told_once_with_its_own_job(
    workers: Workers, queue: Queue, sentry: Receiver
):
    workers.start(**WATCHED)
    failing = [queue.enqueue(jobs.fall, str(number)) for number in range(3)]
    assert queue.enqueue(jobs.give, 1).wait(30) == "finished"
    assert [job.wait(30) for job in failing] == ["failed"] * 3
    told = [
        (event["tags"]["job_id"], event["exception"]["values"][0]["value"])
        for event in events(sentry)
    ]
    assert told == [(job.id, str(number)) for number, job in enumerate(failing)]


def test_a_job_that_is_retried_is_told_when_it_fails_for_good(
    workers: Workers, queue: Queue, sentry: Receiver
):
    workers.start(**WATCHED)
    assert queue.enqueue(jobs.fall, retry=Retry(2)).wait(30) == "failed"
    (event,) = events(sentry)
    assert event["contexts"]["job"]["attempt"] == 3


def test_a_retry_that_is_not_for_this_error_holds_back_nothing(
    workers: Workers, queue: Queue, sentry: Receiver
):
    workers.start(**WATCHED)
    assert queue.enqueue(jobs.fall, retry=Retry(2, on=[KeyError])).wait(30) == "failed"
    assert len(events(sentry)) == 1


def test_a_timeout_is_told_as_one_problem_of_its_function(
    workers: Workers, queue: Queue, sentry: Receiver
):
    workers.start(**WATCHED)
    assert queue.enqueue(jobs.nap, 60, job_timeout=0.2).wait(30) == "failed"
    (event,) = events(sentry)
    wanted = ["workhorse", "JobTimeoutException", "tests.support.jobs.nap"]
    assert event["fingerprint"] == wanted


def test_a_horse_that_died_is_told(workers: Workers, queue: Queue, sentry: Receiver):
    workers.start(**WATCHED)
    job = queue.enqueue(jobs.kill_itself)
    assert job.wait(30) == "failed"
    (event,) = events(sentry)
    (raised,) = event["exception"]["values"]
    assert raised["type"] == "WorkHorseDied"
    assert "signal" in raised["value"]
    assert event["tags"]["job_id"] == job.id


def test_a_job_whose_horse_had_to_be_killed_ran_too_long(
    workers: Workers, queue: Queue, sentry: Receiver
):
    workers.start(**WATCHED)
    assert queue.enqueue(jobs.hang_swallowing, job_timeout=0.2).wait(30) == "failed"
    (event,) = events(sentry)
    (raised,) = event["exception"]["values"]
    assert raised["type"] == "JobTimeoutException"
    assert "its work horse was killed" in raised["value"]
    wanted = ["workhorse", "JobTimeoutException", "tests.support.jobs.hang_swallowing"]
    assert event["fingerprint"] == wanted


def test_a_handler_of_the_user_for_dead_horses_is_called_as_well(
    workers: Workers, queue: Queue, sentry: Receiver, tmp_path: Path
):
    code = f"def note(job, *_): open({str(tmp_path / 'noted')!r}, 'a').write(job.id)\n"
    (tmp_path / "my_handlers.py").write_text(code, "utf-8")
    mourners = [f"{HOME}.sentry.mourn", "my_handlers.note"]
    workers.start(**{**WATCHED, "work_horse_killed_handler": mourners}, path=[str(tmp_path)])
    job = queue.enqueue(jobs.kill_itself)
    assert job.wait(30) == "failed"
    assert len(events(sentry)) == 1
    assert (tmp_path / "noted").read_text("utf-8") == job.id


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_job_that_was_refused_is_told_once(
    workers: Workers, queue: Queue, sentry: Receiver, isolation: str
):
    workers.start(isolation=isolation, allow=["nobody.*"], **WATCHED)
    job = queue.enqueue(jobs.give, 1, retry=Retry(2))
    assert job.wait(30) == "failed"
    (event,) = events(sentry)
    (raised,) = event["exception"]["values"]
    assert raised["type"] == "FunctionNotAllowed"
    assert event["tags"]["job_id"] == job.id
    assert "FunctionNotAllowed" in (job.exc_info or "")


def test_a_job_that_cannot_be_decoded_is_told_without_its_arguments(
    workers: Workers, queue: Queue, sentry: Receiver, tmp_path: Path
):
    code = "import sentry_sdk\nsentry_sdk.init(send_default_pii=True)\n"
    (tmp_path / "my_sentry.py").write_text(code, "utf-8")
    workers.start(**{**WATCHED, "preload": ["my_sentry"]}, path=[str(tmp_path)])
    other = Queue(connection=queue.connection, serializer="pickle")
    assert other.enqueue(jobs.give, {1, 2}).wait(30) == "failed"
    (event,) = events(sentry)
    assert "args" not in event["contexts"]["job"]


def test_a_job_whose_module_is_not_there_is_told_once(
    workers: Workers, queue: Queue, sentry: Receiver
):
    workers.start(**WATCHED)
    assert queue.enqueue("tests.support.nowhere.give").wait(30) == "failed"
    assert len(events(sentry)) == 1


@pytest.mark.parametrize(
    ("init", "times"), [("sentry_sdk.init(sys.argv[2])", 1), ("", 0)], ids=["speaks", "silent"]
)
def test_a_failure_in_the_process_that_enqueues_is_told_by_it(url: str, init: str, times: int):
    with receiving() as receiver:
        done = subprocess.run(
            [sys.executable, "-c", HERE.format(init=init), url, dsn_of(receiver)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        told = events(receiver)
    job_id, status = done.stdout.split()
    assert status == "failed"
    assert [event["tags"]["job_id"] for event in told] == [job_id] * times


def test_a_client_of_the_program_is_made_use_of(
    workers: Workers, queue: Queue, sentry: Receiver, tmp_path: Path
):
    code = "import sentry_sdk\nsentry_sdk.init(release='mine', send_default_pii=True)\n"
    (tmp_path / "my_sentry.py").write_text(code, "utf-8")
    workers.start(
        preload=["my_sentry"],
        path=[str(tmp_path)],
        exception_handlers=[f"{HOME}.sentry.report"],
    )
    assert queue.enqueue(jobs.fall, "mine").wait(30) == "failed"
    (event,) = events(sentry)
    assert event["release"] == "mine"
    assert event["contexts"]["job"]["args"] == ["mine"]


def test_a_sentry_that_does_not_answer_holds_up_no_job_for_long(
    workers: Workers, queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    with receiving(HANGS, HANGS, HANGS) as receiver:
        monkeypatch.setenv("SENTRY_DSN", dsn_of(receiver))
        workers.start(**WATCHED)
        assert queue.enqueue(jobs.fall).wait(15) == "failed"
        eventually(lambda: receiver.asked)


def test_without_a_dsn_the_handler_tells_nobody(
    workers: Workers, queue: Queue, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("SENTRY_DSN", raising=False)
    worker = workers.start(exception_handlers=[f"{HOME}.sentry.report"])
    job: Job = queue.enqueue(jobs.fall)
    assert job.wait(30) == "failed"
    assert "the handler" not in worker.log
