"""Concurrent enqueues of one event loop travel as one call, and none of them pays for another."""

import asyncio

import pytest

from tests.support import jobs
from tests.support.monitor import Monitor
from tests.support.turns import Turn
from workhorse import AsyncQueue, Queue
from workhorse.connection import Connection
from workhorse.exceptions import ConnectionLost, ServerError


def scripts(monitor):
    return [asked for asked in monitor.asked if asked.name in {"EVAL", "EVALSHA"}]


async def warm(queue):
    """Open the link, and have the server know the script."""
    await queue.enqueue(jobs.add, 0, 0)


def test_a_hundred_at_once_are_one_call_and_keep_their_order(connection):
    monitor = Monitor(connection)

    async def body():
        queue = AsyncQueue(connection=connection)
        await warm(queue)
        with monitor:
            made = await asyncio.gather(*[queue.enqueue(jobs.add, n, 1) for n in range(100)])
        return [job.id for job in made]

    ids = asyncio.run(body())
    assert len(scripts(monitor)) == 1
    assert Queue(connection=connection).job_ids[1:] == ids


def test_more_than_one_call_may_hold_go_in_several(connection):
    monitor = Monitor(connection)

    async def body():
        queue = AsyncQueue(connection=connection)
        await warm(queue)
        with monitor:
            await asyncio.gather(*[queue.enqueue(jobs.add, n, 1) for n in range(260)])

    asyncio.run(body())
    assert len(scripts(monitor)) == 2
    assert Queue(connection=connection).count == 261


def test_queues_and_kinds_do_not_mix(connection):
    async def body():
        one, other = AsyncQueue("one", connection), AsyncQueue("other", connection)
        await warm(one)
        return await asyncio.gather(
            one.enqueue(jobs.add, 1, 1),
            other.enqueue(jobs.add, 2, 2),
            one.enqueue(jobs.add, 3, 3, at_front=True),
            one.enqueue_in(3600, jobs.add, 4, 4),
            one.enqueue(jobs.add, 5, 5, job_id="chosen"),
        )

    first, elsewhere, front, later, chosen = asyncio.run(body())
    one = Queue("one", connection)
    assert one.job_ids[0] == front.id
    assert set(one.job_ids[1:]) >= {first.id, chosen.id}
    assert Queue("other", connection).job_ids == [elsewhere.id]
    assert one.scheduled_job_registry.get_job_ids() == [later.id]


def test_who_stops_waiting_takes_nobody_along(connection):
    async def body():
        queue = AsyncQueue(connection=connection)
        await warm(queue)
        tasks = [asyncio.ensure_future(queue.enqueue(jobs.add, n, 1)) for n in range(3)]
        await Turn()
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, gone, last = asyncio.run(body())
    assert isinstance(gone, asyncio.CancelledError)
    ids = Queue(connection=connection).job_ids
    assert {first.id, last.id} <= set(ids)


def test_a_link_that_breaks_costs_nobody_a_job(connection):
    async def body():
        queue = AsyncQueue(connection=connection)
        await warm(queue)
        link = await connection.alink()
        tasks = [asyncio.ensure_future(queue.enqueue(jobs.add, n, 1)) for n in range(20)]
        await Turn()  # they are on their way
        link.close()
        return await asyncio.gather(*tasks)

    made = asyncio.run(body())
    assert Queue(connection=connection).job_ids[1:] == [job.id for job in made]


def test_the_first_ones_open_the_link_together(connection):
    async def body():
        queue = AsyncQueue(connection=connection)
        return await asyncio.gather(*[queue.enqueue(jobs.add, n, 1) for n in range(20)])

    made = asyncio.run(body())
    assert Queue(connection=connection).job_ids == [job.id for job in made]


def test_each_is_told_when_the_server_stays_away(own_server):
    connection = Connection(own_server.url, patience=0.0)

    async def body():
        queue = AsyncQueue(connection=connection)
        await warm(queue)
        own_server.kill()
        both = [queue.enqueue(jobs.add, n, 1) for n in range(2)]
        return await asyncio.gather(*both, return_exceptions=True)

    first, second = asyncio.run(body())
    assert isinstance(first, ConnectionLost)
    assert isinstance(second, ConnectionLost)
    assert first is not second


def test_each_is_told_what_the_server_refuses(own_server):
    connection = Connection(own_server.url)

    async def body():
        queue = AsyncQueue(connection=connection)
        await warm(queue)
        connection.exchange(b"*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$9\r\nmaxmemory\r\n$1\r\n1\r\n")
        both = [queue.enqueue(jobs.add, n, 1) for n in range(2)]
        return await asyncio.gather(*both, return_exceptions=True)

    for error in asyncio.run(body()):
        assert isinstance(error, ServerError)
        assert error.code == "OOM"


@pytest.mark.parametrize("size", [7_000, 9_000])
def test_large_arguments_are_stored_as_well(connection, size):
    async def body():
        queue = AsyncQueue(connection=connection)
        await warm(queue)
        return await asyncio.gather(*[queue.enqueue(jobs.give, "x" * size) for _ in range(3)])

    made = asyncio.run(body())
    assert Queue(connection=connection).job_ids[1:] == [job.id for job in made]
