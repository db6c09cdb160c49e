"""Two jobs at a time: whether a slow one holds others up, and whether two processors are used."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

from benchmarks.jobs_alone import spins_per_second
from benchmarks.lab import Lab, all_ran, check_runs
from benchmarks.measures.draining import Order, drain, fill
from benchmarks.measures.measure import Figures, Metric, Subject, percentiles
from benchmarks.processes import Worker
from benchmarks.slots import Slots
from benchmarks.systems.system import System

_RATE = 80.0
"""Jobs a second: one in a hundred takes a second, so that the slow ones keep 0.8 places busy."""
_SLOW_ONE = 100
_PLACES = 2
_UNTIMED = 20
"""Jobs before the first that counts: that client and workers import them is nobody's unfairness."""
_MILLISECOND = 1e6


class Mixed:
    """A queue with a slow job among a hundred fast ones, and two places to run them."""

    name = "mixed"
    title = "Mixed queue: 1 in 100 jobs takes 1 s, the others 1 ms, two at a time; ms"
    metrics = (
        Metric("held_up_max", "held up, worst", digits=1, ratio=True),
        Metric("held_up_p99", "p99", digits=2),
        Metric("wait_p50", "wait p50", digits=2),
        Metric("wait_p99", "p99", digits=1),
        Metric("wait_max", "worst", digits=1),
    )
    turns = 1
    our_turns = 1

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Those with two places in one worker, else with two workers."""
        for system in systems:
            name = system.chosen("pair")
            if system.can_do(name, "mixed") and system.variants[name].slots <= _PLACES:
                yield Subject(system, name, against="Worker")

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - likewise
        """How many jobs."""
        return 200 if lab.quick else 800

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        system, how = subject.system, subject.how
        slots = lab.fresh(count + _UNTIMED)
        workers: list[Worker] = []
        with lab.client(system, how) as client:
            try:
                workers += [lab.worker(system, how) for _ in range(_PLACES // how.slots)]
                time.sleep(2.0)  # until all of them are there
                fill(client, subject, Order(_UNTIMED, work="mixed"), start=count)
                workers[0].wait(lambda: all(slots.ended[count:]), 30.0)
                sent = client.ask("pace", count=count, rate=_RATE, work="mixed")["sent"]
                workers[0].wait(lambda: all_ran(slots), 30.0)
            finally:
                for worker in workers:
                    worker.kill()
        check_runs(slots)
        fast = [i for i in range(count) if i % _SLOW_ONE != _SLOW_ONE // 2]
        waits = [(slots.begun[i] - sent[i]) / _MILLISECOND for i in fast]
        free = _free_times(slots)
        held = [_overlap(free, sent[i], slots.begun[i]) / _MILLISECOND for i in fast]
        return {
            "held_up_max": max(held),
            "held_up_p99": percentiles("held", held)["held_p99"],
            **percentiles("wait", waits),
            "wait_max": max(waits),
            "waits": _thinned(waits),
            "held_up": _thinned(held),
        }


class Compute:
    """Jobs of a millisecond of Python on two horses, against two bare processes."""

    name = "compute"
    title = "Two processors: jobs of 1 ms of pure Python, against two bare processes that loop"
    metrics = (
        Metric("jobs_per_s", "jobs/s", higher_is_better=True, ratio=True),
        Metric("bare_per_s", "bare loop/s"),
        Metric("percent", "% of that", digits=1),
    )
    turns = 2
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Those with two places in one worker, else with two workers."""
        for system in systems:
            name = system.chosen("pair")
            if system.can_do(name, "compute") and system.variants[name].slots <= _PLACES:
                yield Subject(system, name, against="SimpleWorker")

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - the work is the same for all
        """How many jobs take about so long."""
        rate = 300 if subject.system.slow else 1000
        return round(max(200, seconds * rate))

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        bare = spins_per_second(min(_PLACES, len(os.sched_getaffinity(0))), 0.5)
        workers = _PLACES // subject.how.slots
        figures = drain(lab, subject, Order(count, work="compute", workers=workers))
        rate = figures["jobs_per_s"]
        return {"jobs_per_s": rate, "bare_per_s": bare, "percent": rate / bare * 100}


def _free_times(slots: Slots) -> list[tuple[int, int]]:
    """When fewer jobs ran than there are places; (from, to)."""
    changes = sorted(
        [(at, 1) for at in slots.begun] + [(at, -1) for at in slots.ended],
    )
    free, since, running = [], 0, 0
    for at, change in changes:
        if running < _PLACES and at > since:
            free.append((since, at))
        running += change
        since = at
    return free


def _overlap(times: list[tuple[int, int]], start: int, end: int) -> int:
    return sum(max(0, min(to, end) - max(since, start)) for since, to in times)


def _thinned(values: list[float]) -> list[float]:
    """A hundred quantiles, which are enough for a plot."""
    ordered = sorted(values)
    return [ordered[min(len(ordered) - 1, len(ordered) * i // 100)] for i in range(101)]
