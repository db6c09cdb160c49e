"""What a job's handle knows of the calls that are made when the job has ended."""

import asyncio

import pytest

from tests.support import decorated, endings, tasks
from workhorse import decorators
from workhorse.aio import AsyncJob, AsyncQueue
from workhorse.callbacks import Callback
from workhorse.exceptions import BadArguments, NotImportable
from workhorse.job import Job
from workhorse.options import CallOptions
from workhorse.queue import Queue
from workhorse.webhook import Webhook

HOOK = Webhook("http://example.com/hook", "failed", method="POST", headers={"X": "y"})
ALL: CallOptions = {
    "on_success": Callback(endings.succeed, "2m"),
    "on_failure": endings.fail,
    "on_stopped": "tests.support.endings.stopped",
    "webhooks": [HOOK],
}


@pytest.fixture
def queue(connection):
    return Queue(connection=connection)


def check(job):
    assert (job.success_callback, job.success_callback_timeout) == (endings.succeed, 120)
    assert (job.failure_callback, job.failure_callback_timeout) == (endings.fail, 60)
    assert (job.stopped_callback, job.stopped_callback_timeout) == (endings.stopped, 60)
    assert job.webhooks == [HOOK]


def test_a_handle_knows_them_sent_or_fetched(queue, connection):
    job = queue.enqueue(tasks.add, 1, **ALL)
    check(job)
    check(Job.fetch(job.id, connection))


def test_a_job_without_them_says_so(queue):
    job = queue.enqueue(tasks.add, 1)
    found = [job.success_callback, job.failure_callback, job.stopped_callback]
    assert (found, job.webhooks) == ([None] * 3, [])
    assert job.success_callback_timeout == 60


def test_many_calls_have_their_own(queue):
    plain = Queue.prepare_data(tasks.add, (1,))
    first, second = queue.enqueue_many([Queue.prepare_data(tasks.add, (1,), **ALL), plain])
    check(first)
    assert second.webhooks == []


def test_calls_for_later_have_them(queue):
    check(queue.enqueue_in(60, tasks.add, 1, **ALL))


def test_a_decorator_gives_them_to_all_calls(connection):
    delayed = decorators.job("q", connection, **ALL)(decorated.plain)
    check(delayed.delay(1))
    other = delayed.enqueue(1, on_failure="tests.support.endings.fail_badly")
    assert other.failure_callback is endings.fail_badly


def test_a_decorator_is_told_at_once_of_a_callback_that_cannot_be_called():
    with pytest.raises(BadArguments, match="on_success is called with"):
        decorators.job("q", on_success=tasks.later)
    with pytest.raises(NotImportable):
        decorators.job("q", on_failure=lambda *_: None)


def test_asyncio_clients_have_the_same(connection):
    async def use():
        job = await AsyncQueue(connection=connection).enqueue(tasks.add, 1, **ALL)
        return job, await AsyncJob.fetch(job.id, connection)

    for job in asyncio.run(use()):
        check(job)
