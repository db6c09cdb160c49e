"""The jobs that are run. Every system's workers import this module, so it loads next to nothing.

Each has a twin for the systems that are made for coroutines; its name begins with an `a`.
"""

import os
import signal
import time

from benchmarks.slots import Slots

_slots = Slots(os.environ["BENCHMARK_SLOTS"])

SHORT = 0.01
"""What a job that sleeps sleeps, seconds."""
LONG = 1.0
"""What a slow job of a mixed queue sleeps."""
SLOW_ONE = 100
"""One in so many of the jobs of a mixed queue is slow."""
_ROUNDS = 33_000
"""Of `spin`: about a millisecond, on a server of 2024 that has nothing else to do."""


def spin() -> int:
    """A millisecond of pure Python."""
    total = 0
    for number in range(_ROUNDS):
        total += number & 7
    return total


def noop(index: int) -> int:
    """Say that it ran, and return what it was given."""
    _slots.begin(index)
    _slots.end(index)
    return index


async def anoop(index: int) -> int:
    """The same, as a coroutine."""
    return noop(index)


def compute(index: int) -> int:
    """Use a processor for a millisecond."""
    _slots.begin(index)
    spin()
    _slots.end(index)
    return index


async def acompute(index: int) -> int:
    """The same, as a coroutine."""
    return compute(index)


def nap(index: int) -> int:
    """Wait for ten milliseconds."""
    _slots.begin(index)
    time.sleep(SHORT)
    _slots.end(index)
    return index


async def anap(index: int) -> int:
    """The same, as a coroutine."""
    import asyncio  # noqa: PLC0415 - those that have no coroutines do not pay for it

    _slots.begin(index)
    await asyncio.sleep(SHORT)
    _slots.end(index)
    return index


def echo(index: int, payload: str) -> str:
    """Return something large."""
    _slots.begin(index)
    _slots.end(index)
    return payload


async def aecho(index: int, payload: str) -> str:
    """The same, as a coroutine."""
    return echo(index, payload)


class Unlucky(Exception):  # noqa: N818 - it says what happened
    """The first try of a job that fails once."""


def flaky(index: int) -> int:
    """Fail at the first try, which is when it begins."""
    if _slots.is_first_try(index):
        _slots.begin(index)
        raise Unlucky
    _slots.end(index)
    return index


async def aflaky(index: int) -> int:
    """The same, as a coroutine."""
    return flaky(index)


def after(index: int, before: int) -> int:
    """Run as the second of a chain.

    Raises:
        RuntimeError: The first one has not ended.
    """
    if not _slots.has_ended(before):
        raise RuntimeError(f"job {index} ran before job {before}")
    return noop(index)


async def aafter(index: int, before: int) -> int:
    """The same, as a coroutine."""
    return after(index, before)


def mixed(index: int) -> int:
    """Be slow once in a hundred times, and else quick."""
    _slots.begin(index)
    if index % SLOW_ONE == SLOW_ONE // 2:
        time.sleep(LONG)
    else:
        spin()
    _slots.end(index)
    return index


def die(index: int) -> None:
    """Take the process along, as a crash in C code would."""
    _slots.begin(index)
    os.kill(os.getpid(), signal.SIGKILL)


async def adie(index: int) -> None:
    """The same, as a coroutine."""
    die(index)


SYNC = (noop, compute, nap, echo, flaky, after, mixed, die)
ASYNC = (anoop, acompute, anap, aecho, aflaky, aafter, adie)
EVERY = (*SYNC, *ASYNC)
"""All of them, for systems that want to be told beforehand."""
RETRY_DELAY = 0.001
"""How long a job that failed waits for its next try, seconds, where the system lets us say."""
