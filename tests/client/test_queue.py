import asyncio
import gc
from datetime import UTC, datetime, timedelta

import pytest

from tests.support import tasks
from tests.support.faults import Faulty
from workhorse.aio import AsyncQueue
from workhorse.exceptions import DuplicateJobError, InvalidJobOperation, NotSerializable
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.states import JobStatus


def test_enqueue_returns_a_job_that_knows_all_that_was_sent(queue):
    job = queue.enqueue(tasks.add, 1, b=2, job_timeout="1h", result_ttl=60, meta={"who": "Ada"})
    stored = Job.fetch(job.id, queue.connection)
    assert job.record == stored.record
    assert (job.args, job.kwargs, job.meta) == (stored.args, stored.kwargs, {"who": "Ada"})
    assert (job.timeout, job.result_ttl, job.origin) == (3600, 60, "default")
    assert job.get_status(refresh=False) is JobStatus.QUEUED


def test_enqueue_call_takes_options_apart_from_arguments(queue):
    job = queue.enqueue_call(tasks.clash, (1,), {"kwargs": 2, "description": "d"}, timeout=5)
    assert (job.args, job.kwargs, job.timeout) == ((1,), {"kwargs": 2, "description": "d"}, 5)


def test_a_function_may_be_given_by_name(queue):
    job = queue.enqueue("not.here.yet", 1)
    assert (job.func_name, job.description) == ("not.here.yet", "not.here.yet(1)")


def test_a_method_takes_its_instance_along(connection):
    queue = Queue(connection=connection, allow=["tests.support.tasks.*"])
    job = queue.enqueue(tasks.Greeter("Ada").greet, "hi")
    assert (job.instance, job.args) == (tasks.Greeter("Ada"), ("hi",))
    assert job.func is tasks.Greeter.greet


def test_nothing_is_stored_if_the_call_cannot_work(queue):
    with pytest.raises(NotSerializable):
        queue.enqueue(tasks.add, open)
    assert queue.count == 0


def test_a_job_goes_to_the_front(queue):
    later = queue.enqueue(tasks.add, 1)
    first = queue.enqueue(tasks.add, 2, at_front=True)
    assert queue.job_ids == [first.id, later.id]


def test_a_given_id_takes_the_place_of_an_older_job(queue):
    queue.enqueue(tasks.add, 1, job_id="a")
    queue.enqueue(tasks.add, 2, job_id="a")
    assert queue.count == 1
    assert queue.fetch_job("a").args == (2,)


def test_a_unique_job_is_there_once(queue):
    queue.enqueue(tasks.add, 1, job_id="a", unique=True)
    with pytest.raises(DuplicateJobError):
        queue.enqueue(tasks.add, 2, job_id="a", unique=True)


def test_a_running_job_is_not_replaced(queue, player):
    queue.enqueue(tasks.add, 1, job_id="a")
    player.take()
    with pytest.raises(DuplicateJobError):
        queue.enqueue(tasks.add, 2, job_id="a")


def test_a_job_is_scheduled_for_a_moment(queue):
    when = datetime(2100, 1, 1, tzinfo=UTC)
    job = queue.enqueue_at(when, tasks.add, 1, job_timeout=5)
    registry = queue.scheduled_job_registry
    assert (queue.count, registry.count, job in registry) == (0, 1, True)
    assert registry.get_scheduled_time(job) == when
    assert (job.get_status(), job.enqueued_at, job.timeout) == (JobStatus.SCHEDULED, None, 5)


def test_a_delay_counts_from_the_servers_now(queue):
    job = queue.enqueue_in(timedelta(minutes=1), tasks.add, 1)
    due = queue.scheduled_job_registry.get_scheduled_time(job)
    assert due - job.created_at == timedelta(minutes=1, milliseconds=1)  # never early


def test_many_jobs_are_enqueued_in_order(queue):
    data = [Queue.prepare_data(tasks.add, (number,), job_id=f"j{number}") for number in range(300)]
    jobs = queue.enqueue_many(data)
    assert [job.id for job in jobs] == queue.job_ids
    assert [job.args for job in jobs[:2]] == [(0,), (1,)]


def test_one_id_twice_among_many_is_refused(queue):
    twice = [Queue.prepare_data(tasks.add, (1,), job_id="a")] * 2
    with pytest.raises(ValueError, match="'a' is there twice"):
        queue.enqueue_many(twice)
    assert queue.count == 0


def test_garbage_is_collected_while_somebody_else_makes_the_many(queue):
    seen = []

    def calls():
        seen.append(gc.isenabled())
        yield queue.prepare_data(abs, (-1,))

    assert len(queue.enqueue_many(calls())) == 1
    assert seen == [True]


def test_no_jobs_are_many_too(queue):
    assert queue.enqueue_many([]) == []


def test_a_queue_is_looked_at(queue):
    jobs = [queue.enqueue(tasks.add, number) for number in range(3)]
    assert (len(queue), queue.is_empty(), bool(queue)) == (3, False, True)
    assert queue.jobs == jobs
    assert queue.get_job_ids(1, 1) == [jobs[1].id]
    assert queue.get_job_ids(1) == [jobs[1].id, jobs[2].id]
    assert queue.get_job_ids(0, 0) == queue.get_jobs(9, 1) == []
    assert queue.get_job_position(jobs[2]) == queue.get_job_position(jobs[2].id) == 2
    assert queue.key.endswith(":default")


def test_a_job_of_another_queue_is_not_fetched(queue, connection):
    job = Queue("other", connection).enqueue(tasks.add, 1)
    assert queue.fetch_job(job.id) is None
    assert queue.fetch_job("none") is None


def test_all_queues_are_listed(connection):
    for name in ("b", "a"):
        Queue(name, connection).enqueue(tasks.add, 1)
    assert Queue.all(connection) == [Queue("a"), Queue("b")]


def test_a_deleted_queue_is_not_listed(queue, connection):
    queue.enqueue(tasks.add, 1)
    queue.delete(delete_jobs=False)
    assert Queue.all(connection) == [queue]
    queue.delete()
    assert Queue.all(connection) == []


def test_an_emptied_queue_has_no_jobs(queue):
    job = queue.enqueue(tasks.add, 1)
    assert queue.empty() == 1
    assert not Job.exists(job.id, queue.connection)


def test_a_removed_job_is_canceled(queue):
    job = queue.enqueue(tasks.add, 1)
    queue.remove(job)
    assert (queue.count, job.is_canceled) == (0, True)
    with pytest.raises(InvalidJobOperation):
        queue.remove(job.id)


def test_queues_of_one_name_are_equal():
    assert Queue("a") == Queue("a") == AsyncQueue("a")
    assert sorted([Queue("b"), Queue("a")]) == [Queue("a"), Queue("b")]
    assert len({Queue("a"), Queue("a"), Queue("b")}) == 2
    assert repr(Queue("a")) == "Queue('a')"
    assert Queue("a") != "a"


@pytest.mark.parametrize(
    "options",
    [{"name": "a\nb"}, {"default_timeout": 0}, {"default_result_ttl": -2}, {"on_crash": "x"}],
)
def test_a_queue_that_makes_no_sense_is_refused_at_once(options):
    with pytest.raises(ValueError, match=r"."):
        Queue(**options)


def test_a_queue_that_is_not_async_runs_its_jobs_at_once(connection):
    queue = Queue("here", connection, is_async=False)
    done = queue.enqueue(divmod, 7, 2)
    assert (done.get_status(), done.return_value()) == ("finished", (3, 1))
    assert done.id in queue.finished_job_registry
    broken = queue.enqueue(divmod, 7, 0)
    assert broken.is_failed
    assert "ZeroDivisionError" in (broken.exc_info or "")
    assert (queue.count, queue.started_job_registry.count) == (0, 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_queue_that_is_not_async_runs_its_job_though_the_reply_was_lost(connection, when):
    for at in (1, 2):
        faulty = Faulty(connection.url, connection.namespace)
        faulty.at, faulty.when = at, when
        done = Queue("here", faulty, is_async=False).enqueue(divmod, 7, 2)
        assert faulty.struck
        assert done.return_value() == (3, 1)
        faulty.close()


def test_an_asyncio_queue_that_is_not_async_runs_its_jobs_in_a_thread(connection):
    async def run_here() -> object:
        return await (await AsyncQueue("here", connection, is_async=False).enqueue(divmod, 7, 2))

    assert asyncio.run(run_here()) == (3, 1)


def test_a_scheduled_job_of_a_queue_that_is_not_async_waits_for_a_worker(connection):
    queue = Queue("here", connection, is_async=False)
    assert queue.enqueue_in(60, divmod, 7, 2).is_scheduled


def test_another_serializer_encodes_the_arguments(connection):
    queue = Queue(connection=connection, serializer="json")
    job = queue.enqueue(tasks.add, [1], b={"c": None})
    assert b'"c":null' in job.data.replace(b" ", b"")
    assert Job.fetch(job.id, connection).kwargs == {"b": {"c": None}}  # json does no harm


def test_a_small_job_takes_less_than_500_bytes(queue, connection):
    job = queue.enqueue(tasks.add, 1, b=2)
    with connection.borrow() as link:
        assert link.call(("OBJECT", "ENCODING", job.key)) == b"listpack"
        assert link.call(("MEMORY", "USAGE", job.key)) <= 500
