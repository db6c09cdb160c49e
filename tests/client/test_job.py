import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.support import tasks
from tests.support.monitor import Monitor
from tests.support.player import Player
from workhorse.connection import Connection
from workhorse.envelopes import codec_for
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError, RefusedPayload
from workhorse.job import Job, cancel_job, requeue_job
from workhorse.policies import Retry
from workhorse.queue import Queue
from workhorse.result import Result
from workhorse.states import JobStatus


class Silent(Connection):
    """A connection that may not be used any more once it was silenced."""

    silent = False

    def exchange(self, *args, **kwargs):
        assert not self.silent, "the server was asked"
        return super().exchange(*args, **kwargs)


def test_a_new_job_asks_the_server_nothing(connection):
    silent = Silent(connection.url, connection.namespace)
    job = Queue(connection=silent).enqueue(tasks.add, 1, retry=3, description="sums")
    silent.silent = True
    assert (job.args, job.kwargs, job.func_name) == ((1,), {}, "tests.support.tasks.add")
    assert (job.description, job.retries_left, job.number_of_retries) == ("sums", 3, 0)
    assert (job.started_at, job.ended_at, job.worker_name) == (None, None, "")
    assert job.created_at == job.enqueued_at
    assert job.created_at == datetime.fromtimestamp((job.record.created_at or 0) / 1000, UTC)
    assert job.meta == {}
    assert job.get_call_string() == "tests.support.tasks.add(1)"
    assert job.get_status(refresh=False) is JobStatus.QUEUED


def test_a_job_is_polled(queue, player):
    job = queue.enqueue(tasks.add, 1)
    assert (job.is_queued, job.result, job.return_value()) == (True, None, None)
    lease = player.take()
    assert (job.is_started, job.result) == (True, None)
    player.finish(lease, {"sum": 3})
    assert (job.is_finished, job.result, job.return_value()) == (True, {"sum": 3}, {"sum": 3})
    job.refresh()
    assert (job.worker_name, job.ended_at - job.started_at) == ("w", timedelta(milliseconds=2))


def test_a_value_is_kept_once_it_is_there(queue, player):
    job = queue.enqueue(tasks.add, 1)
    player.finish(player.take(), 3)
    assert job.return_value() == 3
    job.delete()
    assert job.return_value() == 3
    assert job.return_value(refresh=True) is None


def test_a_job_that_returned_none_says_that_it_finished(queue, player):
    job = queue.enqueue(tasks.add, 1)
    player.finish(player.take())
    assert job.wait(5) is JobStatus.FINISHED
    assert (job.is_finished, job.result, job.exc_info) == (True, None, None)
    latest = job.latest_result()
    assert (latest.type, latest.return_value) == (Result.Type.SUCCESSFUL, None)
    with pytest.raises(NoSuchJobError, match="returned None"):
        Job.fetch(job.id, queue.connection)


def test_a_failed_job_shows_its_traceback(queue, player):
    job = queue.enqueue(tasks.add, 1)
    before = job.exc_info
    player.fail(player.take(), "Traceback ...\nValueError: no")
    assert (before, job.exc_info) == (None, "Traceback ...\nValueError: no")
    assert (job.is_failed, job.result) == (True, None)
    assert job in queue.failed_job_registry
    assert job.get_ttl() == 31_536_000


def test_waiting_is_ended_by_the_worker(queue, player):
    job = queue.enqueue(tasks.add, 1)
    lease = player.take()
    ended = []
    waiter = threading.Thread(target=lambda: ended.append(job.wait(30)))
    waiter.start()
    player.finish(lease, 1)
    waiter.join(30)
    assert ended == [JobStatus.FINISHED]


class Telling(Connection):
    """A connection that tells when it was answered."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.answered = threading.Event()

    def exchange(self, *args, **kwargs):
        replies = super().exchange(*args, **kwargs)
        self.answered.set()
        return replies


def told(queue, say, **options):
    """What a job returns to who waits for it while *say* settles it; and what that asked."""
    connection = Telling(queue.connection.url, queue.connection.namespace)
    job = Queue(connection=connection).enqueue(tasks.add, 1, **options)
    connection.answered.clear()
    found = []

    def wait():
        job.wait(30)
        with Monitor(queue.connection) as monitor:
            found.append(job.return_value())
        found.append([asked.name for asked in monitor.asked])

    waiter = threading.Thread(target=wait)
    waiter.start()
    connection.answered.wait(30)  # it has looked once, and waits now
    say()
    waiter.join(30)
    connection.close()
    return found


@pytest.mark.parametrize("value", [3, None, {"text": "x" * 1000}])
def test_who_waits_is_told_a_small_result_and_need_not_ask_for_it(queue, player, value):
    say = lambda: player.finish(player.take(), value)  # noqa: E731 - what is said is the test
    assert told(queue, say, result_ttl=60) == [value, []]


def test_who_waits_asks_for_a_large_result(queue, player):
    value = list(range(5000))
    found, asked = told(queue, lambda: player.finish(player.take(), value))
    assert (found, asked) == (value, ["HGETALL"])


def test_nobody_is_told_a_result_that_is_not_to_be_kept(queue, player):
    found = told(queue, lambda: player.finish(player.take(), 3), result_ttl=0)
    assert found[0] is None


def test_waiting_has_an_end(queue):
    job = queue.enqueue(tasks.add, 1)
    with pytest.raises(TimeoutError, match=r"has not ended within 0\.01 s"):
        job.wait(0.01)
    assert job.latest_result(timeout=0.01) is None


def test_results_are_listed_newest_first(queue, player):
    job = queue.enqueue(tasks.add, 1, retry=Retry(1))
    assert job.results() == []
    player.fail(player.take(), "first")
    player.fail(player.take(), "second")
    job.requeue()
    player.finish(player.take(), 3)
    newest, second, first = job.results()
    types = Result.Type.SUCCESSFUL, Result.Type.FAILED, Result.Type.RETRIED
    assert (newest.type, second.type, first.type) == types
    assert (newest.return_value, second.exc_string, first.exc_string) == (3, "second", "first")
    assert (newest.attempt, first.attempt, first.worker_name) == (3, 1, "w")
    assert newest.id == f"{job.id}:3"
    assert newest.execution_ended_at - newest.execution_started_at == timedelta(milliseconds=2)
    assert job.latest_result() == newest


def test_the_latest_result_is_waited_for(queue, player):
    job = queue.enqueue(tasks.add, 1)
    player.finish(player.take(), 3)
    assert job.latest_result(timeout=5).return_value == 3
    job.delete()
    assert job.latest_result(timeout=5) is None


def test_retries_are_counted(queue, player):
    job = queue.enqueue(tasks.add, 1, retry=3)
    player.fail(player.take())
    job.refresh()
    assert (job.retries_left, job.number_of_retries) == (2, 1)
    assert queue.enqueue(tasks.add, 1).retries_left is None


def test_a_canceled_job_does_not_run(queue, player):
    job = queue.enqueue(tasks.add, 1)
    job.cancel()
    assert (job.get_status(refresh=False), job.is_canceled) == (JobStatus.CANCELED, True)
    assert player.claim("default") == []
    assert job in queue.canceled_job_registry
    assert job.results() == []


def test_a_requeued_job_runs_again(queue, player):
    job = queue.enqueue(tasks.add, 1)
    player.finish(player.take(), 3)
    assert job.result == 3
    assert job.requeue() is job
    assert (job.is_queued, job.result) == (True, None)


def test_a_scheduled_job_is_promoted(queue):
    job = queue.enqueue_in(60, tasks.add, 1, 2)
    job.promote()
    assert queue.job_ids == [job.id]
    assert job.is_queued


def test_only_a_job_that_waits_is_promoted(queue):
    job = queue.enqueue(tasks.add, 1, 2)
    with pytest.raises(InvalidJobOperation, match="is queued; only a job that is scheduled"):
        job.promote()
    job.delete()
    with pytest.raises(NoSuchJobError):
        job.promote()


def test_only_a_job_that_has_ended_is_requeued(queue):
    with pytest.raises(InvalidJobOperation, match="is queued"):
        queue.enqueue(tasks.add, 1).requeue()


def test_a_deleted_job_is_gone(queue):
    job = queue.enqueue(tasks.add, 1)
    assert job.delete() is True
    assert job.delete() is False
    assert not Job.exists(job.id, queue.connection)
    with pytest.raises(NoSuchJobError):
        job.get_status()
    with pytest.raises(NoSuchJobError):
        job.refresh()


def test_meta_is_changed_and_saved(queue):
    job = queue.enqueue(tasks.add, 1, meta={"a": 1})
    job.meta["b"] = {2}
    job.save_meta()
    other = Job.fetch(job.id, queue.connection)
    assert other.meta == {"a": 1, "b": {2}}
    other.meta = {}
    other.save_meta()
    assert job.get_meta(refresh=False) == {"a": 1, "b": {2}}
    assert job.get_meta() == {}


def test_the_meta_of_a_job_that_is_gone_is_not_saved(queue):
    job = queue.enqueue(tasks.add, 1)
    job.delete()
    job.meta["a"] = 1
    with pytest.raises(NoSuchJobError):
        job.save_meta()


def test_jobs_are_fetched_by_id(queue):
    job = queue.enqueue(tasks.add, 1)
    found, none = Job.fetch_many([job.id, "none"], queue.connection)
    assert (found, found and found.args, none) == (job, (1,), None)
    assert Job.exists(job.id, queue.connection)
    assert len({job, found}) == 1


def test_a_handle_made_by_hand_reads_the_job_when_it_must(queue):
    job = Job(queue.enqueue(tasks.add, 1).id, queue.connection)
    assert (job.get_status(refresh=False), job.args) == (JobStatus.QUEUED, (1,))
    with pytest.raises(NoSuchJobError):
        Job("none", queue.connection).origin  # noqa: B018 - reading it is the act
    with pytest.raises(ValueError, match="job id"):
        Job("a:b")


def test_a_job_has_a_place_in_its_queue(queue):
    queue.enqueue(tasks.add, 1)
    job = Job.fetch(queue.enqueue(tasks.add, 2).id, queue.connection)
    assert job.get_position() == 1
    assert job.get_ttl() is None


def test_functions_do_the_same_by_id(queue):
    job = queue.enqueue(tasks.add, 1)
    cancel_job(job.id, queue.connection)
    assert job.is_canceled
    assert requeue_job(job.id, queue.connection) == job
    assert job.is_queued


def test_a_refused_payload_is_refused_when_it_is_opened(queue, connection, player):
    job = queue.enqueue(tasks.add, 1)
    player.codec = codec_for("pickle")
    player.finish(player.take(), 3)
    fetched = Job.fetch(job.id, connection)
    latest = fetched.latest_result()
    for read in (lambda: fetched.result, lambda: latest and latest.return_value):
        with pytest.raises(RefusedPayload, match="pickle"):
            read()
    trusting = Job.fetch(job.id, connection, serializer="pickle")
    assert trusting.result == 3


def test_a_signed_job_is_read_with_its_secret_only(queue, connection, monkeypatch):
    monkeypatch.setenv("WORKHORSE_SECRET", "a secret of this test")
    signing = Queue(connection=connection, default_timeout=60)
    job = signing.enqueue(tasks.add, 1, retry=2, ttl=600, meta={"a": 1})
    player = Player(connection)
    player.finish(player.take(), 3)
    known = Job.fetch(job.id, connection)
    assert (known.args, known.meta, known.result) == ((1,), {"a": 1}, 3)
    monkeypatch.delenv("WORKHORSE_SECRET")
    unknown = Job.fetch(job.id, connection)
    assert unknown.func_name == "tests.support.tasks.add"
    for read in (lambda: unknown.args, lambda: unknown.meta, lambda: unknown.result):
        with pytest.raises(RefusedPayload, match="is signed"):
            read()


def test_a_job_shows_itself(queue):
    job = queue.enqueue(tasks.add, 1)
    assert repr(job) == f"<Job {job.id}>"
    job.refresh()
    assert repr(job) == f"<Job {job.id} queued tests.support.tasks.add(1)>"
