"""The half of a client program that is the same for all systems.

A client program runs in its system's environment: `python -m benchmarks.systems.serving MODULE
URL`. It reads orders from stdin and answers on stdout, a line of JSON each. The clock is read
here, so that all are timed alike. Only the standard library is imported: this runs where
Workhorse is not installed.

All is asynchronous, which costs a system with blocking calls a fifth of a microsecond for each.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import math
import os
import random
import sys
import time
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any

from benchmarks.workloads import WORKLOADS, Workload

PER_CALL = 1000
"""How many jobs one bulk call is given."""
IN_FLIGHT = 100
"""How many asynchronous calls are awaited together."""
MANY_BYTES = 10_000_000
"""How much the arguments of one bulk call may be together."""
PAUSE = (0.005, 0.015)
"""Between two jobs whose latency is measured, seconds: the worker must be idle again."""
LONGEST, FEWEST = 5.0, 10
"""The timing of single jobs ends after so many seconds, and not before so many jobs."""
READING = 1.0
"""Results are read back for so many seconds at most: asking for one takes some systems long."""
PATIENCE = 10.0
"""How long a result may take, seconds."""
POLL = 0.001
"""Between two looks at a result, for systems that have nothing better, seconds."""

Args = tuple[Any, ...]


class Adapter:
    """What a system's client program provides; a way that is not overridden does not exist.

    A handle is what the system gives for an enqueued job, or what its result is asked for with.

    Args:
        url: The server.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    async def open(self) -> None:
        """Connect, and set up what must be there."""

    async def one(self, task: str, args: Args) -> Any:
        """Enqueue one job."""
        raise NotImplementedError

    async def many(self, task: str, calls: Sequence[Args]) -> Sequence[Any]:
        """Enqueue them all with one call."""
        raise NotImplementedError

    async def concurrent(self, task: str, args: Args) -> Any:
        """Enqueue one job while others are being enqueued on the same loop."""
        return await self.one(task, args)

    async def later(self, task: str, args: Args, delay: float) -> Any:
        """Enqueue one job that is due after so many seconds."""
        raise NotImplementedError

    async def chain(self, first: tuple[str, Args], second: tuple[str, Args]) -> Sequence[Any]:
        """Enqueue one job and one that runs when that has ended."""
        raise NotImplementedError

    async def retried(self, task: str, args: Args) -> Any:
        """Enqueue one job that is tried once more if it fails."""
        return await self.one(task, args)

    async def waiting(self) -> int | None:
        """How many jobs are ready in the queue; None: it cannot tell."""
        return None

    async def wait(self, job: Any, timeout: float) -> object:
        """The job's result, as soon as the system can tell it."""
        raise NotImplementedError

    async def result(self, job: Any) -> object:
        """The result of a finished job."""
        return await self.wait(job, 0.5)


class Program:
    """Obeys the orders."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._jobs: list[Any] = []
        self._first = 0

    async def ready(self) -> dict[str, object]:
        """How many jobs are ready in the queue, as far as the system can tell."""
        return {"waiting": await self._adapter.waiting()}

    async def enqueue(  # noqa: PLR0913 - the words of an order
        self,
        way: str,
        count: int,
        *,
        flavour: str = "",
        work: str = "noop",
        start: int = 0,
        keep: bool = True,
        delay: float = 0.0,
    ) -> dict[str, float]:
        """Enqueue jobs number *start* to *start* + *count* - 1, and say what it took, seconds.

        Args:
            way: `one`, `many`, `async`, `retried`, `later` or `chain`.
            count: How many.
            flavour: Before the name of the function.
            work: Which kind of work.
            start: The first one's number.
            keep: Remember them, to ask for their results.
            delay: Of those that are due later.
        """
        workload = WORKLOADS[work]
        steps = getattr(self, f"_{way}")
        jobs: list[Any] = []
        gc.collect()
        wall, processor = time.perf_counter(), time.process_time()
        begun = time.monotonic_ns()
        await steps(range(start, start + count), flavour + workload.task, workload, jobs, delay)
        took = {
            "seconds": time.perf_counter() - wall,
            "cpu": time.process_time() - processor,
            "begun": begun,
        }
        if keep:
            self._jobs, self._first = jobs, start
        return took

    async def results(self, indices: Sequence[int], work: str = "noop") -> dict[str, object]:
        """Read results back for a while, and count those that are what they should be."""
        right, asked, wrong = 0, 0, ""
        until = time.monotonic() + READING
        for index in indices:
            if time.monotonic() > until and asked >= FEWEST:
                break
            asked += 1
            job = self._jobs[index - self._first]
            if job is None:  # the system has no handle for it
                right += 1
                continue
            try:
                result = await self._adapter.result(job)
            except Exception as error:  # noqa: BLE001 - whatever the system says when there is none
                result = error
            if WORKLOADS[work].is_right(index, result):
                right += 1
            else:
                wrong = wrong or f"job {index}: {result!r:.200}"
        return {"right": right, "asked": asked, "wrong": wrong}

    async def latency(
        self, count: int, untimed: int, seed: int, flavour: str = "", start: int = 0
    ) -> dict[str, list[int]]:
        """Enqueue single jobs and wait for each; when each was sent and its result there, ns.

        The *untimed* jobs come first and have the last numbers.
        """
        adapter, task = self._adapter, flavour + "noop"
        for index in range(start + count, start + count + untimed):
            await adapter.wait(await adapter.one(task, (index,)), PATIENCE)
        pauses = random.Random(seed)
        sent: list[int] = []
        seen: list[int] = []
        until = time.monotonic() + LONGEST
        for index in range(start, start + count):
            if time.monotonic() > until and len(sent) >= FEWEST:
                break
            await asyncio.sleep(pauses.uniform(*PAUSE))
            sent.append(time.monotonic_ns())
            result = await adapter.wait(await adapter.one(task, (index,)), PATIENCE)
            seen.append(time.monotonic_ns())
            assert result == index, f"job {index} returned {result!r}"
        return {"sent": sent, "seen": seen}

    async def single(
        self, count: int, untimed: int, seed: int, flavour: str = "", start: int = 0
    ) -> dict[str, list[int]]:
        """The same for a system without results: a pause follows each job instead."""
        adapter, task = self._adapter, flavour + "noop"
        pauses = random.Random(seed)
        for index in range(start + count, start + count + untimed):
            await adapter.one(task, (index,))
            await asyncio.sleep(0.05)
        sent: list[int] = []
        for index in range(start, start + count):
            await asyncio.sleep(pauses.uniform(*PAUSE))
            sent.append(time.monotonic_ns())
            await adapter.one(task, (index,))
        return {"sent": sent}

    async def pace(
        self, count: int, rate: float, *, flavour: str = "", work: str = "noop", start: int = 0
    ) -> dict[str, list[int]]:
        """Enqueue so many jobs a second whatever becomes of them; when each was sent, ns."""
        workload = WORKLOADS[work]
        task, sent = flavour + workload.task, []
        began = time.monotonic()
        for number in range(count):
            pause = began + number / rate - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            sent.append(time.monotonic_ns())
            await self._adapter.one(task, workload.args(start + number))
        return {"sent": sent}

    async def schedule(
        self, count: int, delay: float, step: float, flavour: str = ""
    ) -> dict[str, list[int]]:
        """Enqueue jobs that fall due *delay* seconds from now, each *step* later than the last."""
        task, due = flavour + "noop", []
        began = time.monotonic()
        for index in range(count):
            # Whole milliseconds: many systems know no others, and rounding is not to count.
            left = math.ceil((began + delay + index * step - time.monotonic()) * 1000) / 1000
            due.append(time.monotonic_ns() + round(left * 1e9))
            await self._adapter.later(task, (index,), left)
        return {"due": due, "ended": [time.monotonic_ns()]}

    async def _one(
        self, numbers: range, task: str, work: Workload, jobs: list[Any], _delay: float
    ) -> None:
        enqueue, args = self._adapter.one, work.args
        for index in numbers:
            jobs.append(await enqueue(task, args(index)))  # noqa: PERF401 - as a program would

    async def _retried(
        self, numbers: range, task: str, work: Workload, jobs: list[Any], _delay: float
    ) -> None:
        for index in numbers:
            jobs.append(await self._adapter.retried(task, work.args(index)))  # noqa: PERF401 - likewise

    async def _many(
        self, numbers: range, task: str, work: Workload, jobs: list[Any], _delay: float
    ) -> None:
        size = max(1, min(PER_CALL, MANY_BYTES // (work.payload or 1)))
        for part in _parts(numbers, size):
            jobs.extend(await self._adapter.many(task, [work.args(index) for index in part]))

    async def _async(
        self, numbers: range, task: str, work: Workload, jobs: list[Any], _delay: float
    ) -> None:
        enqueue = self._adapter.concurrent
        for part in _parts(numbers, IN_FLIGHT):
            jobs.extend(await asyncio.gather(*(enqueue(task, work.args(i)) for i in part)))

    async def _later(
        self, numbers: range, task: str, work: Workload, jobs: list[Any], delay: float
    ) -> None:
        for index in numbers:
            jobs.append(await self._adapter.later(task, work.args(index), delay))  # noqa: PERF401 - likewise

    async def _chain(
        self, numbers: range, task: str, _work: Workload, jobs: list[Any], _delay: float
    ) -> None:
        second = task.removesuffix("noop") + "after"
        for index in range(numbers.start, numbers.stop - 1, 2):
            chained = (second, (index + 1, index))
            jobs.extend(await self._adapter.chain((task, (index,)), chained))


async def polled(ask: Any, timeout: float) -> Any:
    """What `await ask()` gives as soon as it is not None.

    Raises:
        TimeoutError: It never was.
    """
    deadline = time.monotonic() + timeout
    while (found := await ask()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(POLL)
    return found


def _parts(numbers: range, size: int) -> Iterator[range]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


async def serve(adapter: Adapter) -> None:
    """Obey orders until there are no more."""
    program = Program(adapter)
    await adapter.open()
    # A system's own tasks on this loop have a chance to run while the next order is awaited.
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        work: Awaitable[object] = getattr(program, order.pop("do"))(**order)
        print(json.dumps(await work), flush=True)
    os._exit(0)  # whatever the system has left running


if __name__ == "__main__":
    module, url = sys.argv[1:]
    asyncio.run(serve(importlib.import_module(module).ADAPTER(url)))
