"""Suspending and resuming, as programs do it."""

import asyncio

import pytest

from workhorse import suspension
from workhorse.aio import AsyncQueue
from workhorse.drivers import run
from workhorse.exceptions import TimeoutFormatError
from workhorse.ops.queues import overview
from workhorse.queue import Queue


def test_a_queue_is_suspended_and_resumed(connection):
    queue = Queue("q", connection)
    assert not queue.is_suspended()
    queue.suspend()
    assert queue.is_suspended()
    assert suspension.is_suspended(connection, "q")
    assert not suspension.is_suspended(connection)
    assert not Queue("other", connection).is_suspended()
    assert queue.resume()
    assert not queue.is_suspended()
    assert not queue.resume()


def test_all_queues_are_suspended_and_resumed(connection):
    suspension.suspend(connection)
    assert suspension.is_suspended(connection)
    assert Queue("q", connection).is_suspended()
    assert suspension.resume(connection) == 1
    assert not suspension.is_suspended(connection)


def test_the_end_of_the_suspension_of_all_leaves_those_of_single_queues(connection):
    suspension.suspend(connection, queues=["q"])
    suspension.suspend(connection)
    suspension.resume(connection)
    assert suspension.is_suspended(connection, "q")


def test_the_same_with_asyncio(connection):
    async def live():
        queue = AsyncQueue("q", connection.url)
        await queue.suspend("5m")
        assert await queue.is_suspended()
        assert await queue.resume()
        assert not await queue.is_suspended()
        await suspension.asuspend(connection.url)
        assert await suspension.ais_suspended(connection.url)
        assert await suspension.aresume(connection.url) == 1
        await queue.connection.aclose()

    asyncio.run(live())


@pytest.mark.parametrize(
    ("ttl", "error", "says"),
    [
        (0, ValueError, "give a number of seconds above 0, or None"),
        (-1, ValueError, "give a number of seconds above 0, or None"),
        ("soon", TimeoutFormatError, "soon"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(connection, ttl, error, says):
    with pytest.raises(error, match=says):
        suspension.suspend(connection, ttl)
    assert not suspension.is_suspended(connection)


def test_a_name_that_is_none_is_refused(connection):
    with pytest.raises(ValueError, match="queue name"):
        suspension.suspend(connection, queues=["*"])


def test_the_overview_tells_what_is_suspended(connection):
    Queue("a", connection).enqueue("x.f")
    Queue("b", connection).enqueue("x.f")
    Queue("a", connection).suspend()
    found = run(connection, overview(connection.keys))
    assert [(queue.name, queue.suspended) for queue in found] == [("a", True), ("b", False)]
