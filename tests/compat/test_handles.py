"""What RQ's programs do with their handles, where ours is another thing under RQ's word."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest
import redis

from tests.compat import chores
from workhorse.compat.rq import Queue, SimpleWorker, Worker
from workhorse.compat.rq.job import Job, JobStatus
from workhorse.compat.rq.results import Result
from workhorse.compat.rq.worker_pool import WorkerPool
from workhorse.connection import Connection

HERE: dict[str, SimpleWorker] = {}


def stop_the_worker() -> None:
    """A job of a worker without horses, so it runs in its process."""
    HERE["worker"].request_stop()


@pytest.fixture
def queue(connection: Connection) -> Queue:
    return Queue("default", connection=connection)


def test_a_worker_that_is_asked_to_stop_finishes_what_runs_and_takes_no_more(queue, connection):
    first, second = queue.enqueue(stop_the_worker), queue.enqueue(chores.add, 1, 1)
    HERE["worker"] = SimpleWorker([queue], connection=connection)
    HERE["worker"].work()
    assert (first.get_status(), second.get_status()) == (JobStatus.FINISHED, JobStatus.QUEUED)


def test_a_worker_in_a_thread_is_asked_to_stop_by_another(queue, connection):
    worker = SimpleWorker([queue], connection=connection)
    thread = threading.Thread(target=worker.work)
    thread.start()
    assert queue.enqueue(chores.add, 1, 1).wait(20) == "finished"
    worker.request_stop()
    thread.join(20)
    assert not thread.is_alive()


def test_a_worker_that_does_not_work_here_is_not_stopped_from_here(queue):
    Worker([queue]).request_stop()


def test_a_pool_says_how_far_it_is(url):
    client = redis.Redis.from_url(url)
    job = Queue(connection=client).enqueue(chores.add, 1, 2)
    pool = WorkerPool(["default"], client, worker_class=Worker)
    assert pool.status.name == "IDLE"
    pool.start(burst=True)
    assert pool.status.name == "STOPPED"
    assert pool.all_workers_have_stopped()
    assert job.return_value() == 3


def test_meta_is_saved_within_a_pipeline(queue, url, connection):
    job = queue.enqueue(chores.add, 1, 2, meta={"step": 1})
    job.meta["step"] = 2
    with redis.Redis.from_url(url).pipeline() as pipeline:
        job.save(pipeline)
        assert Job.fetch(job.id, connection).meta == {"step": 1}
        pipeline.execute()
    assert Job.fetch(job.id, connection).meta == {"step": 2}


def test_a_handle_that_knows_nothing_is_shown_without_asking(connection):
    assert str(Job("nobody", connection)) == "<Job nobody: None>"
    assert repr(Job("nobody", connection)) == "Job('nobody', enqueued_at=None)"


def test_what_a_job_returned_is_in_its_dictionary_and_in_results_of_rqs_class(queue, connection):
    job = queue.enqueue(chores.add, 1, 2)
    SimpleWorker([queue], connection=connection).work(burst=True)
    told: dict[str, Any] = Job.fetch(job.id, connection).to_dict()
    assert pickle.loads(told["result"]) == 3
    assert "result" not in Job.fetch(job.id, connection).to_dict(include_result=False)
    (result,) = job.results()
    assert isinstance(result, Result)
    assert (result.type, result.return_value) == (Result.Type.SUCCESSFUL, 3)
    assert result == job.latest_result() == Result.fetch(job)
    assert Result.all(job) == [result]


def test_a_job_that_waits_for_another_is_not_enqueued_yet(queue, connection):
    parent = queue.enqueue(chores.add, 1, 2)
    child = queue.enqueue(chores.add, 1, 2, depends_on=parent)
    assert Job.fetch(child.id, connection).enqueued_at is None
    SimpleWorker([queue], connection=connection).work(burst=True)
    assert Job.fetch(child.id, connection).enqueued_at is not None


def test_a_status_is_ours_and_rqs(queue):
    job = queue.create_job(chores.add, (1, 2), status=JobStatus.CREATED)
    assert job.get_status(refresh=False) is JobStatus.CREATED
    with pytest.raises(ValueError, match="ready_to_enqueue"):
        queue.create_job(chores.add, (1, 2), status=JobStatus.READY_TO_ENQUEUE)
