"""Who has plenty to do is listened to later, and with all others; who has not, at once."""

import asyncio

import pytest

from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.worker.ears import PLENTY, Ears
from workhorse.worker.handoff import report_message
from workhorse.worker.horses import Horse
from workhorse.worker.timer import Timer

REPORT = Report("finished", b"", 7)


def horse(number, jobs, seconds):
    """A horse that was handed so many jobs, each of which takes so many seconds."""
    made = Horse(number)
    for at in range(jobs):
        lease = Lease(f"{number}-{at}", "default", "w:1", 1, {b"func": b"m.f"})
        assert made.hand(lease, seconds)
    return made


def says(one, at):
    """The horse reports on one of its jobs."""
    one.reporting.send(report_message(f"{one.number}-{at}", REPORT)[0])


class Listener:
    """Keeps who was heard, and lets wait for it."""

    def __init__(self):
        self.heard = []
        self._something = asyncio.Event()
        self.ears = Ears(self._hear)

    def _hear(self, horses):
        self.heard.append([one.number for one in horses])
        for one in horses:
            one.read()
        self._something.set()

    async def next(self):
        async with asyncio.timeout(10):
            await self._something.wait()
        self._something.clear()
        return self.heard[-1]


@pytest.fixture
def horses():
    made: list[Horse] = []
    yield made
    for one in made:
        one.close()


def two_who_rest(horses):
    """Two horses that have plenty to do, and who listens to them later."""
    listener = Listener()
    for number in (1, 2):
        horses.append(horse(number, 4, PLENTY))
        listener.ears.listen(horses[-1])
        listener.ears.rest(horses[-1])
    return listener


def test_who_has_little_to_do_is_heard_at_once(horses):
    async def body():
        listener = Listener()
        horses.append(horse(1, 2, PLENTY / 2))
        listener.ears.listen(horses[0])
        listener.ears.rest(horses[0])
        assert not listener.ears.resting
        says(horses[0], 0)
        return await listener.next()

    assert asyncio.run(body()) == [1]


def test_those_who_have_plenty_are_heard_together_and_later(horses):
    async def body():
        listener = two_who_rest(horses)
        assert listener.ears.resting
        says(horses[0], 0)
        says(horses[1], 0)
        heard = await listener.next()
        left = [len(one.flights) for one in horses]
        says(horses[1], 1)  # it is listened to again
        return heard, left, await listener.next()

    assert asyncio.run(body()) == ([1, 2], [3, 3], [2])


def test_who_has_ended_meanwhile_is_not_listened_to_again(horses):
    async def body():
        listener = two_who_rest(horses)
        horses[0].close()
        return await listener.next()

    assert asyncio.run(body()) == [2]


def test_a_timer_rings_at_the_earliest_time_and_once():
    async def body():
        rung, over = [], asyncio.Event()
        loop = asyncio.get_running_loop()

        def ring():
            rung.append(loop.time())
            over.set()

        timer, now = Timer(ring), loop.time()
        timer.set(float("inf"))
        timer.set(now + 3600)
        timer.set(now + 0.001)
        timer.set(now + 60)
        async with asyncio.timeout(10):
            await over.wait()
        return len(rung), rung[0] - now

    rung, after = asyncio.run(body())
    assert rung == 1
    assert 0.001 <= after < 10


def test_a_timer_that_was_cancelled_does_not_ring():
    async def body():
        rung, loop = [], asyncio.get_running_loop()
        timer, over = Timer(lambda: rung.append(1)), asyncio.Event()
        timer.set(loop.time() + 0.001)
        timer.cancel()
        loop.call_later(0.01, over.set)
        await over.wait()
        return rung

    assert asyncio.run(body()) == []


def test_a_timer_that_was_cancelled_can_be_set_to_later():
    async def body():
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        timer = Timer(over.set)
        timer.set(loop.time() + 0.001)
        timer.cancel()
        timer.set(loop.time() + 0.002)
        async with asyncio.timeout(10):
            await over.wait()

    asyncio.run(body())
