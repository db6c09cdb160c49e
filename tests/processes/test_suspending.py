"""Workers that are suspended while they idle, while they work, and before they start."""

import pytest

from tests.support import jobs
from tests.support.servers import wait_for
from tests.support.workers import Workers
from workhorse import suspension
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.ops.suspension import suspended
from workhorse.queue import Queue
from workhorse.worker import Worker

WAYS = ["warm", "fork", "thread", "inline"]


def state(connection: Connection) -> str:
    return Worker.all(connection)[0].state


@pytest.mark.parametrize("isolation", WAYS)
def test_an_idle_worker_takes_no_job_of_a_suspended_queue(
    workers: Workers, connection: Connection, isolation: str
):
    queue, other = Queue("low", connection), Queue("high", connection)
    workers.start(queues=["high", "low"], isolation=isolation)
    assert other.enqueue(jobs.give, 1).wait(10) == "finished"
    queue.suspend()
    held = queue.enqueue(jobs.give, 2)
    # The worker has looked at both: it serves the one after the job of the other.
    for number in range(3):
        assert other.enqueue(jobs.give, number).wait(10) == "finished"
    assert held.get_status() == "queued"
    queue.resume()
    assert held.wait(10) == "finished"


def test_a_job_that_runs_goes_on_and_the_worker_says_that_it_is_suspended(
    workers: Workers, connection: Connection
):
    queue = Queue(connection=connection)
    workers.start()
    running = queue.enqueue(jobs.nap, 0.3)
    wait_for(lambda: running.get_status() == "started")
    suspension.suspend(connection)
    held = queue.enqueue(jobs.give, 2)
    assert running.wait(10) == "finished"
    wait_for(lambda: state(connection) == "suspended")
    assert held.get_status() == "queued"
    suspension.resume(connection)
    assert held.wait(10) == "finished"
    wait_for(lambda: state(connection) == "idle")


def test_a_suspension_ends_by_itself(workers: Workers, connection: Connection):
    queue = Queue(connection=connection)
    queue.suspend(0.5)
    until = run(connection, suspended(connection.keys))["default"]
    assert until is not None
    workers.start()
    job = queue.enqueue(jobs.give, 1)
    assert job.wait(10) == "finished"
    job.refresh()
    assert job.started_at is not None
    assert job.started_at.timestamp() * 1000 >= until


def test_a_burst_of_a_suspended_worker_ends_with_its_jobs_left(
    workers: Workers, connection: Connection
):
    queue = Queue(connection=connection)
    job = queue.enqueue(jobs.give, 1)
    suspension.suspend(connection)
    worker = workers.start(wait=False, burst=True)
    assert worker.process.wait(10) == 0
    assert job.get_status() == "queued"
