"""What becomes of results: each line of the page "Results", with workers as processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import jobs
from tests.support.clients import Client
from tests.support.snapshot import snapshot
from tests.support.workers import WorkerProcess, eventually, workers_of
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.effects import Flow, command
from workhorse.exceptions import NoSuchJobError
from workhorse.policies import Retry
from workhorse.queue import Queue
from workhorse.states import JobStatus

YEAR = 31_536_000
SOON = 10.0


@pytest.fixture(
    scope="module",
    params=["warm sync", "warm asyncio", "fork sync", "inline asyncio"],
)
def setting(request: pytest.FixtureRequest) -> list[str]:
    """The worker's isolation and the client's kind."""
    words: list[str] = request.param.split()
    return words


@pytest.fixture(scope="module", autouse=True)
def worker(
    setting: list[str], stall: Connection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    """One worker for all tests of this module."""
    with workers_of(stall, tmp_path_factory.mktemp("logs")) as workers:
        yield workers.start(isolation=setting[0])


@pytest.fixture
def client(setting: list[str], stall: Connection) -> Iterator[Client]:
    """`Queue` and `Job`, or `AsyncQueue` and `AsyncJob`."""
    client = Client(setting[1], stall)
    yield client
    client.close()


def ask(connection: Connection, *words: Any) -> Any:
    def flow() -> Flow[Any]:
        return (yield command(*words))

    return run(connection, flow())


def field(client: Client, job: Any, name: str) -> bytes | None:
    found: bytes | None = ask(client.connection, "HGET", client.connection.keys.job(job.id), name)
    return found


def lives(client: Client, job: Any) -> float:
    """Seconds until the job's hash expires; -1 for never, -2 if it is gone."""
    ms: int = ask(client.connection, "PTTL", client.connection.keys.job(job.id))
    return ms / 1000 if ms > 0 else ms


def finish(client: Client, *call: Any, **options: Any) -> Any:
    job = client.enqueue(client.queue(), *call, **options)
    assert client.wait(job, SOON) == "finished", client.exc_info(job)
    return job


def fail(client: Client, *call: Any, **options: Any) -> Any:
    job = client.enqueue(client.queue(), *call, **options)
    assert client.wait(job, SOON) == "failed"
    return job


# Return values


def test_a_return_value_is_stored_in_the_field_result_of_the_jobs_hash(client):
    job = finish(client, jobs.add, 2, 3)
    assert field(client, job, "result")
    assert client.return_value(job) == 5
    assert client.result(job) == 5
    assert client.return_value(client.fetch(job.id)) == 5


def test_keyword_arguments_reach_the_function(client):
    assert client.result(finish(client, jobs.add, 2, 3, times=10)) == 50


def test_a_job_and_its_result_expire_after_500_seconds(client):
    assert 495 < lives(client, finish(client, jobs.give, 1)) <= 500


def test_result_ttl_is_how_long_a_finished_job_is_kept(client):
    job = finish(client, jobs.give, 1, result_ttl=86400)
    assert 86395 < lives(client, job) <= 86400
    assert 86395 < client.get_ttl(job) <= 86400


def test_result_ttl_0_deletes_a_finished_job_at_once(client):
    job = finish(client, jobs.give, 1, result_ttl=0)
    assert lives(client, job) == -2
    assert client.is_finished(job)


def test_result_ttl_minus_1_keeps_a_finished_job_for_ever(client):
    job = finish(client, jobs.give, 1, result_ttl=-1)
    assert lives(client, job) == -1
    assert client.result(job) == 1
    assert client.delete(job)


def test_a_queues_result_ttl_holds_for_jobs_without_one(client):
    queue = client.queue(default_result_ttl=60)
    plain = client.enqueue(queue, jobs.give, 1)
    own = client.enqueue(queue, jobs.give, 1, result_ttl=30)
    none = client.enqueue(queue, jobs.give)
    for job in (plain, own, none):
        assert client.wait(job, SOON) == "finished"
    assert 55 < lives(client, plain) <= 60
    assert 25 < lives(client, own) <= 30
    assert 55 < lives(client, none) <= 60


@pytest.mark.parametrize("value", [False, 0, "", [], {"a": (1, {2})}, b"\xff", 2.5])
def test_every_value_but_none_is_a_result(client, value):
    job = finish(client, jobs.give, value)
    assert client.return_value(job) == value
    assert type(client.return_value(job)) is type(value)
    assert lives(client, job) > 0


# None


def test_a_job_that_returned_none_is_deleted_at_once(client):
    job = finish(client, jobs.give)
    assert lives(client, job) == -2
    left = snapshot(client.connection)
    tombstone = client.connection.keys.gone(job.id).removeprefix(client.connection.keys.prefix)
    assert [key for key in (*left.kept, *left.expiring) if job.id in key] == [tombstone]


def test_a_tombstone_of_under_100_bytes_remembers_for_500_seconds_that_a_job_finished(client):
    job = finish(client, jobs.give)
    gone = client.connection.keys.gone(job.id)
    assert ask(client.connection, "MEMORY", "USAGE", gone) < 100
    assert 495_000 < ask(client.connection, "PTTL", gone) <= 500_000


def test_the_handle_of_a_job_that_was_deleted_at_once_says_finished(client):
    job = finish(client, jobs.give)
    assert client.get_status(job) is JobStatus.FINISHED
    assert client.is_finished(job)
    assert client.wait(job, SOON) == "finished"
    assert client.return_value(job) is None
    result = client.latest_result(job, SOON)
    assert (result.type.name, result.return_value) == ("SUCCESSFUL", None)


def test_fetch_says_why_a_job_is_gone_that_was_deleted_at_once(client):
    job = finish(client, jobs.give)
    with pytest.raises(
        NoSuchJobError, match=r"finished at .* deleted at once, because it returned"
    ):
        client.fetch(job.id)


def test_a_job_that_returned_none_is_kept_if_it_has_a_result_ttl(client):
    job = finish(client, jobs.give, result_ttl=60)
    assert 55 < lives(client, job) <= 60
    assert field(client, job, "result") is None
    assert client.return_value(client.fetch(job.id)) is None
    assert client.is_finished(client.fetch(job.id))


# Handles


def test_enqueue_returns_a_handle_that_can_be_polled(client):
    job = client.enqueue(client.queue(), jobs.nap, 0.05)
    assert client.return_value(job) is None
    assert client.get_status(job) in {"queued", "started"}
    eventually(lambda: client.is_finished(job), SOON)
    assert client.return_value(job) == 0.05


def test_enqueue_call_takes_the_arguments_apart_from_the_options(client):
    job = client.enqueue_call(client.queue(), jobs.add, (1, 2), {"times": 3}, result_ttl=60)
    assert client.wait(job, SOON) == "finished"
    assert client.result(job) == 9
    assert 55 < lives(client, job) <= 60


def test_latest_result_waits_for_the_end(client):
    job = client.enqueue(client.queue(), jobs.nap, 0.1)
    result = client.latest_result(job, timeout=SOON)
    assert (result.type.name, result.return_value, result.attempt) == ("SUCCESSFUL", 0.1, 1)


def test_a_wait_ends_with_its_timeout(client, tmp_path):
    job = client.enqueue(client.queue(), jobs.book_when_told, str(tmp_path))
    with pytest.raises(TimeoutError, match=r"has not ended within 0\.05 s"):
        client.wait(job, 0.05)
    (tmp_path / "go").touch()
    assert client.wait(job, SOON) == "finished"


# Failures


def test_an_exceptions_traceback_is_stored_in_the_field_exc_info_of_the_jobs_hash(client):
    job = fail(client, jobs.fall, "mind the gap")
    stored = field(client, job, "exc_info")
    assert stored is not None
    assert b"ValueError: mind the gap" in stored
    assert b"in fall" in stored
    assert b"workhorse/worker" not in stored
    assert client.exc_info(job) == stored.decode()
    assert client.exc_info(client.fetch(job.id)) == stored.decode()
    result = client.latest_result(job)
    assert result.type.name == "FAILED"
    assert "mind the gap" in result.exc_string


def test_a_failed_job_goes_to_the_registry_of_failed_jobs_for_a_year(client):
    job = fail(client, jobs.fall)
    registry = client.queue().failed_job_registry
    assert job.id in client.get_job_ids(registry)
    assert YEAR - 10 < lives(client, job) <= YEAR


def test_failure_ttl_is_how_long_a_failed_job_is_kept(client):
    assert 55 < lives(client, fail(client, jobs.fall, failure_ttl=60)) <= 60
    assert lives(client, fail(client, jobs.fall, failure_ttl=-1)) == -1
    gone = fail(client, jobs.fall, failure_ttl=0)
    assert lives(client, gone) == -2
    assert client.is_failed(gone)


def test_a_failed_job_shows_what_it_was(client):
    job = client.fetch(fail(client, jobs.fall, "oh").id)
    assert job.origin == "default"
    assert "tests.support.jobs.fall('oh')" in job.description
    assert job.created_at <= job.enqueued_at <= job.started_at <= job.ended_at
    assert job.func_name == "tests.support.jobs.fall"
    assert job.args == ("oh",)


def test_a_failed_job_can_be_requeued_by_hand(client, tmp_path):
    job = fail(client, jobs.fail_until, str(tmp_path / "ledger"), 2)
    registry = client.queue().failed_job_registry
    before = client.fetch(job.id).enqueued_at
    client.requeue(registry, job.id)
    assert client.wait(job, SOON) == "finished"
    assert client.return_value(job) == 2
    assert client.exc_info(client.fetch(job.id)) is None
    assert client.fetch(job.id).enqueued_at >= before
    assert job.id not in client.get_job_ids(registry)
    assert [result.type.name for result in client.results(job)] == ["SUCCESSFUL", "FAILED"]


# Timeouts


def test_a_job_that_runs_too_long_is_failed_and_says_so(client):
    job = fail(client, jobs.nap, 30, job_timeout=0.2)
    assert "JobTimeoutException" in client.exc_info(job)
    assert "longer than its timeout of 0.2 s" in client.exc_info(job)


def test_a_timeout_is_raised_inside_the_job_and_except_exception_does_not_swallow_it(
    client, tmp_path
):
    job = fail(client, jobs.swallow_exceptions, 30, job_timeout=0.2)
    assert "JobTimeoutException" in client.exc_info(job)
    ledger = tmp_path / "ledger"
    fail(client, jobs.say_what_came, str(ledger), 30, job_timeout=0.2)
    assert ledger.read_text().startswith("JobTimeoutException: the job ran longer")


def test_a_job_may_clean_up_at_its_timeout_and_finish(client, tmp_path):
    ledger = tmp_path / "ledger"
    job = finish(client, jobs.clean_up_after_timeout, str(ledger), job_timeout=0.2)
    assert ledger.read_text() == "cleaned up\n"
    assert client.result(job) == "went on"


def test_a_coroutine_that_runs_too_long_is_failed_too(client):
    job = fail(client, jobs.async_nap, 30, job_timeout=0.2)
    assert "longer than its timeout of 0.2 s" in client.exc_info(job)


def test_a_job_has_180_seconds_unless_it_or_its_queue_says_otherwise(client):
    queue = client.queue(default_timeout="10m")
    plain = client.enqueue(client.queue(), jobs.give, 1)
    slow = client.enqueue(queue, jobs.give, 1)
    own = client.enqueue(queue, jobs.give, 1, job_timeout="1h")
    units = [
        client.enqueue(client.queue(), jobs.give, 1, job_timeout=given)
        for given in ("3m", "5s", 42, "7")
    ]
    for job in (plain, slow, own, *units):
        assert client.wait(job, SOON) == "finished"
    found = [client.fetch(job.id).timeout for job in (plain, slow, own, *units)]
    assert found == [180, 600, 3600, 180, 5, 42, 7]


# Retries


def test_a_failed_job_is_retried(client, tmp_path):
    job = finish(client, jobs.fail_until, str(tmp_path / "ledger"), 3, retry=Retry(max=3))
    assert client.return_value(job) == 3
    kinds = [result.type.name for result in client.results(job)]
    assert kinds == ["SUCCESSFUL", "RETRIED", "RETRIED"]


def test_a_job_fails_when_its_retries_are_used_up(client, tmp_path):
    ledger = tmp_path / "ledger"
    job = fail(client, jobs.fail_until, str(ledger), 9, retry=Retry(max=2))
    assert ledger.read_text().count("run") == 3
    assert "run 3 of 9" in client.exc_info(job)


def test_retries_wait_for_their_intervals(client, tmp_path):
    retry = Retry(max=3, interval=[0.05, 0.1], backoff=2)
    job = finish(client, jobs.fail_until, str(tmp_path / "ledger"), 4, retry=retry)
    runs = client.results(job)[::-1]
    began = [run.execution_started_at for run in runs]
    ended = [run.execution_ended_at for run in runs]
    pauses = [
        (after - before).total_seconds() for before, after in zip(ended, began[1:], strict=False)
    ]
    for pause, interval in zip(pauses, [0.05, 0.1, 0.2], strict=True):
        assert interval - 0.01 <= pause < interval + 10


def test_a_job_may_ask_for_its_retry(client, tmp_path):
    job = finish(client, jobs.ask_for_retry, str(tmp_path / "ledger"), 3)
    assert client.return_value(job) == 3


def test_a_job_that_asks_too_often_fails(client, tmp_path):
    job = fail(client, jobs.ask_for_retry, str(tmp_path / "ledger"), 9, 1)
    assert "after all 1 retries were used up" in client.exc_info(job)


@pytest.mark.parametrize(
    ("rule", "runs"),
    [
        ({"on": [KeyError]}, 2),
        ({"on": LookupError}, 2),
        ({"on": "builtins.ValueError"}, 1),
        ({"never": [LookupError]}, 1),
        ({"on": [LookupError], "never": [KeyError]}, 1),
    ],
)
def test_a_policy_says_which_exceptions_are_retried(client, tmp_path, rule, runs):
    ledger = tmp_path / "ledger"
    fail(client, jobs.fail_as, str(ledger), "builtins", "KeyError", retry=Retry(max=1, **rule))
    assert ledger.read_text().count("run") == runs


# Functions of all kinds


@pytest.mark.parametrize(
    ("function", "args", "result"),
    [
        ("tests.support.jobs.add", (1, 2), 3),
        (len, ("four",), 4),
        ("len", ("four",), 4),
        ("os.path.basename", ("a/b",), "b"),
        (jobs.Account.fee, (50,), 5),
        (jobs.Account.bank, (), "Account"),
        (jobs.async_add, (1, 2), 3),
        (str.upper, ("text",), "TEXT"),
    ],
)
def test_everything_that_has_a_name_can_be_a_job(client, function, args, result):
    assert client.result(finish(client, function, *args)) == result


def test_a_function_that_is_not_there_fails_the_job(client):
    job = fail(client, "tests.support.jobs.never_written")
    assert "never_written" in client.exc_info(job)


def test_a_job_knows_itself(client):
    job = finish(client, jobs.who_am_i)
    assert client.result(job) == [job.id, "default", True]


def test_a_job_can_save_its_meta(client):
    job = finish(client, jobs.note_progress, 7, meta={"who": "me"})
    assert client.get_meta(job) == {"who": "me", "step": 7}


# Time


def test_a_job_that_is_due_later_runs_on_time(client):
    job = client.enqueue_in(client.queue(), 0.3, jobs.give, 1)
    assert client.get_status(job) == "scheduled"
    assert job.id in client.get_job_ids(client.queue().scheduled_job_registry)
    assert client.wait(job, SOON) == "finished"
    record = client.fetch(job.id)
    assert 0.3 <= (record.started_at - record.created_at).total_seconds() < 1.0


def test_nothing_is_left_of_the_jobs_that_were_deleted_at_once(client, worker):
    queue: Queue = client.queue()
    made = [client.enqueue(queue, jobs.give) for _ in range(50)]
    for job in made:
        assert client.wait(job, SOON) == "finished"
    left = snapshot(client.connection)
    ids = {job.id for job in made}
    tombstones = {client.connection.keys.gone(job.id) for job in made}
    for key, content in {**left.kept, **left.expiring}.items():
        full = client.connection.keys.prefix + key
        if full not in tombstones and full != client.connection.keys.worker(worker.name):
            assert not ids.intersection(content), key
    assert worker.process.poll() is None, worker.log
