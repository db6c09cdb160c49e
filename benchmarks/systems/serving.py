"""The half of a client program that is the same for all systems.

A client program runs in its system's environment. It reads orders from stdin and answers on
stdout, a line of JSON each. The clock is read here, so that all are timed alike. Only the
standard library is imported: this runs where Workhorse is not installed.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Protocol

PER_CALL = 1000
"""How many jobs one bulk call is given."""
IN_FLIGHT = 100
"""How many asynchronous calls are awaited together."""
PAUSE = (0.005, 0.015)
"""Between two jobs whose latency is measured, seconds: the worker must be idle again."""
PATIENCE = 30.0
"""How long a result may take, seconds."""


class Adapter(Protocol):
    """What a system's client program provides. All enqueue `noop(index)`.

    A job is the system's own handle; it has an `id`.
    """

    def one(self, index: int) -> Any:
        """Enqueue one job."""

    def many(self, indices: Sequence[int]) -> Sequence[Any]:
        """Enqueue them all with one call."""

    def some(self, indices: Sequence[int]) -> Awaitable[Sequence[Any]]:
        """Enqueue each with a call of its own, all at the same time."""

    def waiting(self) -> int:
        """How many jobs are ready in the queue."""

    def wait(self, job: Any, timeout: float) -> object:
        """The job's result, as soon as the system can tell it."""

    def result(self, job_id: str) -> object:
        """The result of a finished job."""


class Server:
    """Obeys the orders."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._ids: list[str] = []

    def ready(self) -> dict[str, int]:
        """Connect; how many jobs are in the queue."""
        return {"waiting": self._adapter.waiting()}

    def enqueue(self, way: str, count: int) -> dict[str, float]:
        """Enqueue jobs number 0 to *count* - 1, and say what it took, seconds."""
        steps = getattr(self, f"_{way}")
        ids: list[str] = []
        if way == "async":
            wall, processor = asyncio.run(_atimed(steps, count, ids))
        else:
            wall, processor = _timed(lambda: steps(count, ids))
        self._ids = ids
        waiting = self._adapter.waiting()
        assert waiting == count, f"{waiting} jobs are in the queue, not {count}"
        return {"seconds": wall, "cpu": processor}

    def results(self, indices: Sequence[int]) -> dict[str, int]:
        """Read results back, and count those that are what they should be."""
        right = sum(self._adapter.result(self._ids[index]) == index for index in indices)
        return {"right": right}

    def latency(self, count: int, untimed: int, seed: int) -> dict[str, list[int]]:
        """Enqueue single jobs and wait for each; when each was sent and its result there, ns.

        The *untimed* jobs come first and have the numbers from *count* on.
        """
        for index in range(count, count + untimed):
            self._adapter.wait(self._adapter.one(index), PATIENCE)
        pauses = random.Random(seed)
        sent, seen = [], []
        adapter = self._adapter
        for index in range(count):
            time.sleep(pauses.uniform(*PAUSE))
            sent.append(time.monotonic_ns())
            result = adapter.wait(adapter.one(index), PATIENCE)
            seen.append(time.monotonic_ns())
            assert result == index, f"job {index} returned {result!r}"
        return {"sent": sent, "seen": seen}

    def _one(self, count: int, ids: list[str]) -> None:
        enqueue = self._adapter.one
        for index in range(count):
            ids.append(enqueue(index).id)  # noqa: PERF401 - as a program would

    def _many(self, count: int, ids: list[str]) -> None:
        for part in _parts(count, PER_CALL):
            ids.extend([job.id for job in self._adapter.many(part)])

    async def _async(self, count: int, ids: list[str]) -> None:
        for part in _parts(count, IN_FLIGHT):
            ids.extend([job.id for job in await self._adapter.some(part)])


def serve(adapter: Adapter) -> None:
    """Obey orders until there are no more."""
    server = Server(adapter)
    for line in sys.stdin:
        order = json.loads(line)
        answer = getattr(server, order.pop("do"))(**order)
        print(json.dumps(answer), flush=True)


def _parts(count: int, size: int) -> Iterator[range]:
    for start in range(0, count, size):
        yield range(start, min(start + size, count))


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


async def _atimed(
    steps: Callable[[int, list[str]], Awaitable[None]], count: int, ids: list[str]
) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    await steps(count, ids)
    return time.perf_counter() - wall, time.process_time() - processor
