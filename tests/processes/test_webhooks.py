"""Webhooks reach a real HTTP server, also one that is down at first, and hold up no job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import jobs
from tests.support.receivers import HANGS, Receiver, receiving
from tests.support.scripts import Scripts
from tests.support.workers import Workers, eventually
from workhorse import followups
from workhorse.connection import Connection
from workhorse.cron import Cron
from workhorse.exceptions import NoSuchJobError
from workhorse.job import Job
from workhorse.policies import Repeat, Retry
from workhorse.queue import Queue
from workhorse.webhook import Webhook, signing_keys, verify

ISOLATIONS = ("warm", "fork", "thread", "inline")
SOON = 20.0


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue(connection=connection)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be delivered is tried again at once, and only so often."""
    never = "workhorse.exceptions.WebhookRefused"
    monkeypatch.setattr(followups, "RETRY", Retry(3, 0.1, never=never))


def delivery(job: Job, number: int = 1) -> Job:
    """The job that delivers a webhook of one that has ended, or will."""
    job.wait(SOON)
    return Job(f"{job.id}-webhook-{number}", job.connection)


def told(there: Receiver) -> list[dict[str, str]]:
    return [json.loads(one.body) for one in there.asked]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_each_end_is_told_to_those_who_want_to_know_it(
    workers: Workers, queue: Queue, isolation: str
):
    workers.start(isolation=isolation)
    with receiving() as there:
        webhooks = [
            Webhook(f"{there.url}/fine", "finished", method="POST"),
            Webhook(f"{there.url}/bad", "failed", method="POST"),
        ]
        fine = queue.enqueue(jobs.add, 1, 2, webhooks=webhooks)
        eventually(lambda: len(there.asked) == 1)
        bad = queue.enqueue(jobs.fall, "ouch", webhooks=webhooks)
        eventually(lambda: len(there.asked) == 2)
        assert [one.path for one in there.asked] == ["/fine", "/bad"]
        first, second = told(there)
    fine.refresh()
    bad.refresh()
    assert fine.enqueued_at
    assert fine.ended_at
    assert first == {
        "job_id": fine.id,
        "func_name": "tests.support.jobs.add",
        "status": "finished",
        "enqueued_at": fine.enqueued_at.isoformat(),
        "ended_at": fine.ended_at.isoformat(),
    }
    assert (second["job_id"], second["status"], second["exc_info"]) == (
        bad.id,
        "failed",
        bad.exc_info,
    )


def test_a_job_that_is_deleted_at_once_is_told_nevertheless(workers: Workers, queue: Queue):
    workers.start()
    with receiving() as there:
        hook = Webhook(there.url, "finished", method="POST")
        job = queue.enqueue(jobs.give, None, webhooks=[hook])
        eventually(lambda: bool(there.asked))
        with pytest.raises(NoSuchJobError):
            job.refresh()
        assert told(there)[0]["job_id"] == job.id


@pytest.mark.usefixtures("_impatient")
def test_who_is_down_at_first_is_told_later(workers: Workers, queue: Queue):
    with receiving() as gone:
        port = int(gone.url.rpartition(":")[2])
    workers.start()
    hook = Webhook(gone.url, "finished", method="POST")
    job = queue.enqueue(jobs.give, 1, webhooks=[hook])
    assert job.wait(SOON) == "finished"
    eventually(lambda: delivery(job).get_status() == "scheduled")
    with receiving(503, port=port) as there:
        assert delivery(job).wait(SOON) == "finished"
        assert [one["job_id"] for one in told(there)] == [job.id] * 2
        assert len({one.headers["Workhorse-Delivery"] for one in there.asked}) == 1


@pytest.mark.usefixtures("_impatient")
def test_who_never_answers_leaves_a_failed_job_that_says_so(workers: Workers, queue: Queue):
    workers.start()
    with receiving(*[500] * 9) as there:
        job = queue.enqueue(jobs.give, 1, webhooks=[Webhook(f"{there.url}/?key=1", "finished")])
        assert delivery(job).wait(SOON) == "failed"
        assert len(there.asked) == 4
    failed = Job.fetch(f"{job.id}-webhook-1", queue.connection)
    assert failed.description == f"GET {there.url}/?..."
    assert "answered 500 Internal Server Error: some reason" in (failed.exc_info or "")
    assert failed in queue.failed_job_registry
    assert job.get_status() == "finished"


def test_who_refuses_is_not_asked_again(workers: Workers, queue: Queue):
    workers.start()
    with receiving(404) as there:
        job = queue.enqueue(jobs.give, 1, webhooks=[Webhook(there.url, "finished")])
        assert delivery(job).wait(SOON) == "failed"
        assert len(there.asked) == 1


def test_who_hangs_holds_up_no_job(workers: Workers, queue: Queue):
    workers.start(horses=2)
    with receiving(HANGS) as there:
        job = queue.enqueue(jobs.give, 1, webhooks=[Webhook(there.url, "finished")])
        assert job.wait(SOON) == "finished"
        eventually(lambda: bool(there.asked))
        after = [queue.enqueue(jobs.give, n) for n in range(20)]
        assert [one.wait(5) for one in after] == ["finished"] * 20


def test_a_job_whose_horse_died_is_told(workers: Workers, queue: Queue):
    workers.start()
    with receiving() as there:
        queue.enqueue(jobs.kill_itself, webhooks=[Webhook(there.url, "failed", method="POST")])
        eventually(lambda: bool(there.asked))
        assert "work horse died" in told(there)[0]["exc_info"]


def test_a_failure_that_is_retried_is_not_told(workers: Workers, queue: Queue, tmp_path: Path):
    workers.start()
    with receiving() as there:
        webhooks = [Webhook(there.url, status, method="POST") for status in ("failed", "finished")]
        job = queue.enqueue(jobs.fail_until, str(tmp_path / "runs"), 2, retry=3, webhooks=webhooks)
        assert job.wait(SOON) == "finished"
        assert delivery(job, 2).wait(SOON) == "finished"
        assert [one["status"] for one in told(there)] == ["finished"]


def test_a_job_that_is_requeued_tells_its_end_again(workers: Workers, queue: Queue):
    workers.start()
    with receiving() as there:
        job = queue.enqueue(jobs.fall, webhooks=[Webhook(there.url, "failed")])
        eventually(lambda: len(there.asked) == 1)
        delivery(job).wait(SOON)
        job.requeue()
        eventually(lambda: len(there.asked) == 2)


def test_a_job_that_repeats_tells_each_success(workers: Workers, queue: Queue):
    workers.start()
    with receiving() as there:
        hook = Webhook(there.url, "finished")
        queue.enqueue(jobs.give, 1, webhooks=[hook], repeat=Repeat(2, 0.3))
        eventually(lambda: len(there.asked) == 3)


def test_a_stopped_worker_delivers_nothing_and_the_next_one_does(workers: Workers, queue: Queue):
    with receiving() as there:
        hook = Webhook(there.url, "finished", method="POST")
        here = Queue("default", queue.connection, is_async=False)
        job = here.enqueue(jobs.give, 1, webhooks=[hook])
        assert queue.job_ids == [f"{job.id}-webhook-1"]
        assert there.asked == []
        workers.start()
        eventually(lambda: bool(there.asked))
        assert told(there)[0]["job_id"] == job.id


def test_deliveries_are_signed_if_there_is_a_secret(
    workers: Workers, connection: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKHORSE_SECRET", "a secret of some length")
    queue = Queue(connection=connection)
    workers.start()
    with receiving() as there:
        queue.enqueue(jobs.give, 1, webhooks=[Webhook(there.url, "finished", method="POST")])
        eventually(lambda: bool(there.asked))
        (one,) = there.asked
    (key,) = signing_keys()
    assert verify(one.body, one.headers["Workhorse-Signature"], key)


def test_a_worker_that_allows_only_some_functions_says_what_deliveries_need(
    workers: Workers, queue: Queue
):
    workers.start(allow=["tests.support.jobs.*"])
    with receiving() as there:
        job = queue.enqueue(jobs.give, 1, webhooks=[Webhook(there.url, "finished")])
        assert delivery(job).wait(SOON) == "failed"
        assert there.asked == []
    assert "workhorse.webhook.deliver is not among what" in (delivery(job).exc_info or "")


def test_a_worker_that_allows_deliveries_makes_them(workers: Workers, queue: Queue):
    workers.start(allow=["tests.support.jobs.*", "workhorse.webhook.deliver"])
    with receiving() as there:
        job = queue.enqueue(jobs.give, 1, webhooks=[Webhook(there.url, "finished")])
        assert delivery(job).wait(SOON) == "finished"
        assert len(there.asked) == 1


def test_a_delivery_that_another_job_is_put_under_is_refused(
    workers: Workers, connection: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKHORSE_SECRET", "a secret of some length")
    queue = Queue(connection=connection)
    with receiving() as there:
        here = Queue("default", connection, is_async=False)
        job = here.enqueue(jobs.give, 1, webhooks=[Webhook(there.url, "finished", method="POST")])
        rewrite(connection, delivery(job), "of", "another")
        workers.start()
        assert delivery(job).wait(SOON) == "failed"
        assert there.asked == []
    assert "does not follow 'another'" in (delivery(job).exc_info or "")
    assert queue.count == 0


def test_jobs_of_a_cron_entry_tell_their_ends(workers: Workers, queue: Queue):
    workers.start()
    with receiving() as there:
        hook = Webhook(there.url, "finished", method="POST")
        Cron(queue.connection).register(jobs.give, interval=1, args=(7,), webhooks=[hook])
        eventually(lambda: len(there.asked) >= 2)
        first, second = (one["job_id"] for one in told(there)[:2])
    assert first != second


def rewrite(connection: Connection, job: Job, field: str, value: str) -> None:
    """What somebody does who can write to the server."""
    Scripts(connection).command("HSET", connection.keys.job(job.id), field, value)
