"""What only asyncio has; that the methods are the same, `tests/unit/test_parity.py` holds."""

import asyncio
import functools
from datetime import timedelta

import pytest

from tests.support import tasks
from workhorse.aio import AsyncJob, AsyncQueue
from workhorse.exceptions import InvalidJobOperation, JobFailedError, NoSuchJobError
from workhorse.states import JobStatus


def in_a_loop(test):
    @functools.wraps(test)
    def wrapper(*args, **kwargs):
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 60))

    return wrapper


@pytest.fixture
def aqueue(connection):
    return AsyncQueue(connection=connection)


@in_a_loop
async def test_a_job_is_awaited(aqueue, player):
    job = await aqueue.enqueue(tasks.add, 1)
    waiting = asyncio.ensure_future(job)
    player.finish(player.take(), 3)
    assert await waiting == 3
    assert await job.result() == 3


@in_a_loop
async def test_an_awaited_job_that_returned_none_gives_none(aqueue, player):
    job = await aqueue.enqueue(tasks.add, 1)
    player.finish(player.take())
    assert await job is None


@in_a_loop
async def test_an_awaited_job_that_fails_raises_with_the_remote_traceback(aqueue, player):
    job = await aqueue.enqueue(tasks.add, 1)
    player.fail(player.take(), "Traceback ...\nValueError: no")
    with pytest.raises(JobFailedError, match="ValueError: no") as caught:
        await job
    assert (caught.value.job_id, caught.value.status) == (job.id, "failed")


@in_a_loop
async def test_an_awaited_job_that_was_canceled_raises(aqueue):
    job = await aqueue.enqueue(tasks.add, 1)
    await job.cancel()
    with pytest.raises(JobFailedError, match="was canceled"):
        await job


@in_a_loop
async def test_many_jobs_wait_at_once(aqueue, player):
    jobs = await asyncio.gather(*(aqueue.enqueue(tasks.add, number) for number in range(20)))
    waiting = asyncio.gather(*jobs)
    for lease in player.claim("default", want=20):
        player.finish(lease, lease.id)
    assert await waiting == [job.id for job in jobs]


@in_a_loop
async def test_what_was_sent_is_known_without_asking(aqueue):
    job = await aqueue.enqueue(tasks.add, 1, description="sums")
    assert (job.args, job.description, job.origin) == ((1,), "sums", "default")


@in_a_loop
async def test_a_handle_made_by_hand_is_refreshed_first(aqueue, connection):
    job = AsyncJob((await aqueue.enqueue(tasks.add, 1)).id, connection)
    with pytest.raises(InvalidJobOperation, match=r"await job\.refresh"):
        job.args  # noqa: B018 - reading it is the act
    assert await job.get_status(refresh=False) is JobStatus.QUEUED
    assert job.args == (1,)


@in_a_loop
async def test_a_queue_is_looked_at_and_emptied(aqueue):
    jobs = await aqueue.enqueue_many([AsyncQueue.prepare_data(tasks.add, (n,)) for n in range(3)])
    assert await aqueue.jobs() == jobs
    assert (await aqueue.count(), await aqueue.is_empty()) == (3, False)
    assert await aqueue.get_job_position(jobs[1]) == 1
    assert await aqueue.fetch_job(jobs[0].id) == jobs[0]
    await aqueue.remove(jobs[0])
    assert await aqueue.canceled_job_registry.contains(jobs[0])
    assert await AsyncQueue.all(aqueue.connection) == [aqueue]
    assert await aqueue.empty() == 2
    await aqueue.delete()
    assert await AsyncQueue.all(aqueue.connection) == []


@in_a_loop
async def test_a_failed_job_is_requeued_from_its_registry(aqueue, player):
    job = await aqueue.enqueue_call(tasks.add, (1,), timeout=5)
    player.fail(player.take())
    registry = aqueue.failed_job_registry
    assert (await registry.count(), await registry.get_job_ids()) == (1, [job.id])
    assert await registry.get_expiration_time(job) is not None
    assert await registry.requeue(job) == job
    assert await job.is_queued()


@in_a_loop
async def test_jobs_are_scheduled(aqueue):
    job = await aqueue.enqueue_in(timedelta(minutes=1), tasks.add, 1)
    assert await job.is_scheduled()
    due = await aqueue.scheduled_job_registry.get_expiration_time(job)
    assert due - job.created_at == timedelta(minutes=1, milliseconds=1)  # never early
    again = await aqueue.enqueue_at(due, tasks.add, 1)
    assert await aqueue.scheduled_job_registry.get_expiration_time(again) == due


@in_a_loop
async def test_jobs_are_fetched_changed_and_deleted(aqueue, player, connection):
    job = await aqueue.enqueue(tasks.add, 1)
    job.meta["a"] = 1
    await job.save_meta()
    fetched, none = await AsyncJob.fetch_many([job.id, "none"], connection)
    assert (fetched and fetched.meta, none) == ({"a": 1}, None)
    assert await (await AsyncJob.fetch(job.id, connection)).get_meta() == {"a": 1}
    player.fail(player.take(), "no")
    assert await job.wait(5) is JobStatus.FAILED
    assert (await job.exc_info(), (await job.latest_result()).exc_string) == ("no", "no")
    await job.requeue(at_front=True)
    assert len(await job.results()) == 1
    assert (await job.get_position(), await job.get_ttl()) == (0, None)
    assert await job.delete()
    assert not await AsyncJob.exists(job.id, connection)
    with pytest.raises(NoSuchJobError):
        await job
