"""A worker that has nothing to do: how soon it is there, what it holds, what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from benchmarks.lab import Lab, all_ran, check_runs
from benchmarks.measures.drain import known_rate
from benchmarks.measures.draining import Order, fill, wait
from benchmarks.measures.measure import Figures, Metric, Subject
from benchmarks.systems.system import System

_MEGABYTE = 1_000_000
_START_TIMEOUT = 20.0
_SETTLING = 0.5
"""After the only job, seconds."""
_WATCHED, _GLIMPSE = 5.5, 1.0
"""How long an idle worker is watched, seconds: longer than its heart takes to beat."""
_FEWEST, _MOST = 100, 100_000


class Startup:
    """From starting a worker to the start of its first job."""

    name = "startup"
    title = "Start-up: from starting a worker to the start of the job that waits for it"
    metrics = (Metric("startup_ms", "ms", ratio=True),)
    turns = 2
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """The default of each system; Workhorse in each isolation."""
        yield from _defaults(systems)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - it is one
        """How many jobs there are."""
        return 1

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        slots = lab.fresh(count)
        with lab.client(subject.system, subject.how) as client:
            fill(client, subject, Order(count))
            with lab.worker(subject.system, subject.how) as worker:
                worker.wait(lambda: all_ran(slots), _START_TIMEOUT)
                started = worker.started
        check_runs(slots)
        return {"startup_ms": (slots.begun[0] - started) / 1e6}


class Idle:
    """Memory of the tree after its first job, and cost per minute."""

    name = "idle"
    title = "An idle worker: memory of its processes, and what it costs"
    metrics = (
        Metric("memory_mb", "PSS MB", digits=1, ratio=True),
        Metric("processes", "processes"),
        Metric("commands_per_minute", "commands/min", digits=0, ratio=True),
        Metric("worker_percent", "worker % of a core", digits=3, ratio=True),
        Metric("server_percent", "server % of a core", digits=3),
    )
    turns = 1
    our_turns = 1

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """The default of each system; Workhorse in each isolation."""
        yield from _defaults(systems)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - it is one
        """How many jobs there are before it is idle."""
        return 1

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        watched = _GLIMPSE if lab.quick else _WATCHED
        slots = lab.fresh(count)
        with lab.client(subject.system, subject.how) as client:
            fill(client, subject, Order(count))
        with lab.worker(subject.system, subject.how) as worker:
            worker.wait(lambda: all_ran(slots), _START_TIMEOUT)
            time.sleep(_SETTLING)
            family = worker.family
            began, used, before = time.monotonic(), family.fine_cpu(), lab.server.reading()
            time.sleep(watched)
            took, spent = time.monotonic() - began, family.fine_cpu() - used
            after = lab.server.reading()
            memory, processes = family.memory(), len(family.members())
        cost = after.per_job(before, 1)
        return {
            "memory_mb": memory / _MEGABYTE,
            "processes": processes,
            "commands_per_minute": cost["commands_per_job"] / took * 60,
            "worker_percent": spent / took * 100,
            "server_percent": cost["server_us_per_job"] / 1e6 / took * 100,
        }


class Memory:
    """What a worker holds after many jobs."""

    name = "memory"
    title = "Memory of a worker after many no-op jobs (100,000, or as many as it runs in 2 s)"
    metrics = (
        Metric("memory_mb", "PSS MB", digits=1, ratio=True),
        Metric("grown_mb", "more than after 1 job", digits=1),
    )
    turns = 1
    our_turns = 1

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """The best of each system."""
        for system in systems:
            name = system.chosen("best")
            yield Subject(system, name, against=system.variants[name].against)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs."""
        return round(max(_FEWEST, min(_MOST, known_rate(lab, subject) * seconds * 3)))

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        slots = lab.fresh(count)
        with lab.client(subject.system, subject.how) as client:
            fill(client, subject, Order(1))
            with lab.worker(subject.system, subject.how) as worker:
                worker.wait(lambda: all_ran(slots, 1), _START_TIMEOUT)
                time.sleep(_SETTLING)
                first = worker.family.memory()
                fill(client, subject, Order(count - 1), start=1)
                wait([worker], slots)
                memory = worker.family.memory()
        check_runs(slots)
        return {"memory_mb": memory / _MEGABYTE, "grown_mb": (memory - first) / _MEGABYTE}


def _defaults(systems: Sequence[System]) -> Iterator[Subject]:
    for system in systems:
        ours = ("warm async c100", "thread", "fork", "inline")
        names = dict.fromkeys((next(iter(system.variants)), *ours))
        for name in names:
            if name in system.variants:
                yield Subject(system, name, against=system.variants[name].against)
