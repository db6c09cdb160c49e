"""Somebody writes garbage straight into the keys: workers live on, and healthy jobs run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import jobs
from tests.support.workers import WorkerProcess, Workers, eventually, workers_of
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.effects import Flow, command
from workhorse.job import Job
from workhorse.queue import Queue

SOON = 5.0


def ask(connection: Connection, *words: Any) -> Any:
    def flow() -> Flow[Any]:
        return (yield command(*words))

    return run(connection, flow())


@pytest.fixture(scope="module", params=["warm", "inline"])
def worker(
    request: pytest.FixtureRequest, stall: Connection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerProcess]:
    with workers_of(stall, tmp_path_factory.mktemp("logs")) as workers:
        yield workers.start(isolation=request.param, lease=1)


@pytest.fixture
def queue(stall: Connection) -> Queue:
    return Queue(connection=stall)


def fine(worker: WorkerProcess, queue: Queue) -> None:
    """The worker lives, runs jobs, and has said nothing of errors of its own."""
    for _ in range(2):
        job = queue.enqueue(jobs.give, 1)
        assert job.wait(SOON) == "finished", worker.log
    eventually(lambda: queue.started_job_registry.count == 0, within=4)
    assert worker.process.poll() is None, worker.log
    assert "Exception in callback" not in worker.log
    assert "Exception in thread" not in worker.log


def broken(queue: Queue, *call: Any, **fields: Any) -> Job:
    """A job with these fields in its hash, put into its queue when it has them."""
    job = queue.enqueue_in(3600, *call)
    key = queue.connection.keys.job(job.id)
    ask(queue.connection, "ZREM", queue.connection.keys.scheduled(queue.name), job.id)
    ask(queue.connection, "HSET", key, "status", "queued")
    for name, value in fields.items():
        ask(queue.connection, "HSET", key, name, value)
    ask(queue.connection, "RPUSH", queue.connection.keys.queue(queue.name), job.id)
    ask(queue.connection, "LPUSH", queue.connection.keys.bell(queue.name), 1)
    return job


NUMBERS = ("attempt", "crashes", "timeout", "retries", "result_ttl", "failure_ttl", "created_at")


@pytest.mark.parametrize("value", ["x", "", b"\xff", "1e400", "-5", "nan", "9" * 400, "3.7"])
@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("function", [jobs.give, jobs.fall])
def test_garbage_for_a_number_stops_nobody(
    worker: WorkerProcess, queue: Queue, name: str, value: Any, function: Any
):
    job = broken(queue, function, **{name: value, "retry": '{"max":1}'})
    fine(worker, queue)
    assert ask(queue.connection, "HGET", queue.connection.keys.job(job.id), "status") in {
        *(b"finished", b"failed"),
        None,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"func": ""},
        {"func": b"\xff\xfe"},
        {"func": "x" * 100_000},
        {"func": "os.path"},
        {"func": "no.such.module"},
        {"func": "..."},
        {"func": "tests.support.jobs.__dict__.clear"},
        {"data": ""},
        {"data": b"\x80\x05."},
        {"data": b"\x01\x00v" + b"\xff" * 1000},
        {"data": "x" * 1_000_000},
        {"retry": "x"},
        {"retry": "{}"},
        {"retry": '{"max":' + "[" * 10_000},
        {"retry": '{"max":1,"interval":[1e300]}', "func": "tests.support.jobs.fall"},
        {"on_crash": "x"},
        {"description": b"\xff\n\x1b[31m" * 10},
        {"meta": "x"},
        {"token": "x"},
        {"status": "started"},
        {"status": "x"},
        {"status": ""},
        {"origin": "elsewhere"},
        {"ttl": "x"},
        {"unknown": "x" * 1000},
        {b"\xff": "x"},
    ],
)
def test_garbage_in_a_field_stops_nobody(worker: WorkerProcess, queue: Queue, fields: Any):
    job = broken(queue, jobs.give, 1)
    key = queue.connection.keys.job(job.id)
    for name, value in fields.items():
        job = broken(queue, jobs.fall)
        key = queue.connection.keys.job(job.id)
        ask(queue.connection, "HSET", key, name, value)
    fine(worker, queue)


def test_garbage_for_a_timeout_stops_nobody_though_a_callback_wants_to_hear_of_it(
    worker: WorkerProcess, queue: Queue
):
    job = broken(queue, jobs.give, timeout="x", on_failure="tests.support.jobs.give")
    fine(worker, queue)
    said = ask(queue.connection, "HGET", queue.connection.keys.job(job.id), "exc_info")
    assert b"its timeout is no number" in said


@pytest.mark.parametrize("kind", ["SET", "RPUSH", "SADD"])
def test_a_job_that_is_no_hash_stops_nobody(worker: WorkerProcess, queue: Queue, kind: str):
    keys = queue.connection.keys
    ask(queue.connection, kind, keys.job("foreign"), "x")
    ask(queue.connection, "RPUSH", keys.queue("default"), "foreign", "never", b"\xff", "")
    ask(queue.connection, "ZADD", keys.started("default"), 1, "foreign", 1, "never", 1, b"\xff")
    ask(queue.connection, "ZADD", keys.scheduled("default"), 1, "foreign", 1, "never", 1, b"\xff")
    ask(queue.connection, "ZADD", keys.agenda, 1, "l:default", 1, "s:default", 1, "x", 1, b"?:\xff")
    ask(queue.connection, "LPUSH", keys.bell("default"), "garbage", "more")
    fine(worker, queue)
    eventually(lambda: "foreign" not in queue.scheduled_job_registry.get_job_ids(), within=4)
    ask(queue.connection, "DEL", keys.job("foreign"))


def test_a_job_whose_hash_is_replaced_while_it_runs_stops_nobody(
    worker: WorkerProcess, queue: Queue
):
    keys = queue.connection.keys
    for replacement in ("SET", "RPUSH"):
        job = queue.enqueue(jobs.nap, 0.7)
        eventually(lambda job=job: job.is_started)  # type: ignore[misc]  # bound early
        ask(queue.connection, "DEL", keys.job(job.id))
        ask(queue.connection, replacement, keys.job(job.id), "x")
        fine(worker, queue)
        ask(queue.connection, "DEL", keys.job(job.id))


def test_garbage_in_the_workers_own_hash_stops_nobody(worker: WorkerProcess, queue: Queue):
    keys = queue.connection.keys
    for name in ("identity", "machine", "number", "taken", "refused", "queues", "birth"):
        ask(queue.connection, "HSET", keys.worker(worker.name), name, b"\xff")
        fine(worker, queue)
    ask(queue.connection, "DEL", keys.worker(worker.name))
    ask(queue.connection, "HSET", keys.machine("x"), "x", "y")
    fine(worker, queue)


def test_a_foreign_type_for_a_queue_is_said_and_got_over(workers: Workers, connection: Connection):
    keys = connection.keys
    worker = workers.start(queues=["bad", "good"])
    job = Queue("good", connection).enqueue(jobs.nap, 0.3)
    ask(connection, "SET", keys.queue("bad"), "x")
    ask(connection, "LPUSH", keys.bell("bad"), "x")
    eventually(lambda: "cannot exchange jobs with the server" in worker.log)
    assert "WRONGTYPE" in worker.log
    ask(connection, "DEL", keys.queue("bad"))
    assert job.wait(8) == "finished"
    assert worker.stop() == 0


def test_everything_is_deleted_under_a_worker(workers: Workers, connection: Connection):
    queue = Queue(connection=connection)
    for isolation in ("warm", "inline"):
        worker = workers.start(lease=1, isolation=isolation)
        queue.enqueue(jobs.nap, 0.3)
        eventually(lambda: queue.started_job_registry.count)
        for key in ask(connection, "KEYS", f"{connection.keys.prefix}*"):
            ask(connection, "DEL", key)
        fine(worker, queue)
        eventually(worker.registered, within=3)
        assert worker.stop() == 0
