"""Whether a client enqueues more slowly while very many jobs are scheduled: Workhorse alone."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.lab import Lab
from benchmarks.later import HOUR, NOOP, schedule
from benchmarks.measures.measure import Figures, Metric, Subject
from benchmarks.server import MeasuredServer
from benchmarks.systems.system import System
from workhorse import Queue, connect

FEW, MANY = 1_000, 1_000_000
_MANY_IF_QUICK = 20_000
_ROUNDS = 15
_CALLS, _BULK = 500, 10_000
"""How many jobs one round enqueues one by one, and in bulk."""


class Backlog:
    """Jobs enqueued per second on two servers that differ in how many are scheduled there.

    Both serve at the same time, in turns of a fraction of a second each: what changes on the
    machine meanwhile changes it for both.
    """

    name = "backlog"
    title = (
        "Backlog: jobs enqueued per second while 1,000 others are scheduled, "
        "and while 1,000,000 are"
    )
    metrics = (
        Metric("one_percent", "one by one, many/few %", digits=1, higher_is_better=True),
        Metric("bulk_percent", "in bulk, many/few %", digits=1, higher_is_better=True),
        Metric("later_percent", "enqueue_in, many/few %", digits=1, higher_is_better=True),
        Metric("few_one", "one by one/s, few"),
        Metric("many_one", "many"),
        Metric("few_bulk", "in bulk/s, few"),
        Metric("many_bulk", "many"),
        Metric("few_later", "enqueue_in/s, few"),
        Metric("many_later", "many"),
    )
    turns = 1
    our_turns = 1

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Workhorse."""
        for system in systems:
            if system.name == "Workhorse":
                yield Subject(system, "warm")

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - a fixed number
        """How many are scheduled where there are many."""
        return _MANY_IF_QUICK if lab.quick else MANY

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:  # noqa: ARG002 - there is one
        """One run."""
        rates: dict[str, list[float]] = {}
        with tempfile.TemporaryDirectory(dir=lab.folder) as folder, ExitStack() as stack:
            queues = {}
            for name, scheduled in (("few", FEW), ("many", count)):
                server = MeasuredServer(
                    Path(folder) / name, over_tcp=True, binary=lab.server.binary
                )
                stack.callback(server.stop)
                connection = connect(server.url)
                asyncio.run(schedule(connection, scheduled))
                queues[name] = Queue(connection=connection)
            for number in range(_ROUNDS):
                # Who goes first changes, as the second may find the caches full of the other's.
                for name in sorted(queues, reverse=bool(number % 2)):
                    for way, (jobs, work) in _WAYS.items():
                        rates.setdefault(f"{name}_{way}", []).append(
                            jobs / _seconds(work, queues[name])
                        )
        figures: dict[str, float] = {name: median(found) for name, found in rates.items()}
        for way in _WAYS:
            pairs = zip(rates[f"many_{way}"], rates[f"few_{way}"], strict=True)
            figures[f"{way}_percent"] = median(many / few for many, few in pairs) * 100
        return {**figures, "scheduled": count}


def _one_by_one(queue: Queue) -> None:
    for number in range(_CALLS):
        queue.enqueue(NOOP, number)


def _in_bulk(queue: Queue) -> None:
    queue.enqueue_many([Queue.prepare_data(NOOP, (number,)) for number in range(_BULK)])


def _later(queue: Queue) -> None:
    for number in range(_CALLS):
        queue.enqueue_in(HOUR + number, NOOP, number)


_WAYS: dict[str, tuple[int, Callable[[Queue], None]]] = {
    "one": (_CALLS, _one_by_one),
    "bulk": (_BULK, _in_bulk),
    "later": (_CALLS, _later),
}


def _seconds(work: Callable[[Queue], None], queue: Queue) -> float:
    began = time.perf_counter()
    work(queue)
    return time.perf_counter() - began
