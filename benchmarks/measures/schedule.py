"""How late jobs start that were to start at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from benchmarks.lab import Lab, all_ran, check_runs
from benchmarks.measures.drain import known_rate
from benchmarks.measures.draining import Order, fill
from benchmarks.measures.measure import Figures, Metric, Subject, percentiles
from benchmarks.systems.system import System

_STEP = 0.013
"""Between two single ones, seconds; no period of anybody's clock is a multiple."""
_LEAD = 2.5
"""From the first call to the first due time: the worker starts meanwhile."""
_SINGLE = 100
_UNTIMED = 5
"""Jobs before the first that is due: that workers import it when it first comes is not lateness."""
_BURST = 5_000
_BURST_OF_OURS = 100_000
_PER_SECOND = 1_500
"""As many as the slowest client schedules a second, cautiously; the fastest do more."""
_TIMEOUT = 60.0


class Late:
    """Single jobs, each due at a time of its own, and an idle worker."""

    name = "late"
    title = "Scheduled: 100 jobs, one due every 13 ms, an idle worker; ms late"
    metrics = (
        Metric("late_p50", "p50", digits=2, ratio=True),
        Metric("late_p99", "p99", digits=2, ratio=True),
        Metric("early", "early"),
        Metric("earliest_ms", "earliest", digits=2),
    )
    turns = 1
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """The default of each system that can."""
        yield from _schedulers(systems)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - a fixed number
        """How many jobs."""
        return _SINGLE

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        late = _lateness(lab, subject, count, _LEAD, _STEP)
        return {
            **percentiles("late", late),
            "early": sum(one < 0 for one in late),
            "earliest_ms": min(late),
        }


class Burst:
    """Many jobs that are due at the same moment."""

    name = "burst"
    title = "Scheduled: many jobs due at the same moment (5,000; of Workhorse 100,000)"
    metrics = (
        Metric("jobs_per_s", "jobs/s", higher_is_better=True, ratio=True),
        Metric("first_ms", "first late ms", digits=1),
        Metric("late_p50", "p50 late ms"),
        Metric("last_ms", "last late ms"),
        Metric("drained_ms", "time to drain as many, ms"),
        Metric("excess_ms", "more than draining, ms", digits=1),
        Metric("early", "early"),
    )
    turns = 1
    our_turns = 1

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """The default of each system that can."""
        yield from _schedulers(systems)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs: as many as fit."""
        if subject.system.name == "Workhorse" and not lab.quick:
            return _BURST_OF_OURS
        return round(max(100, min(_BURST, known_rate(lab, subject) * seconds * 5)))

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        rate = known_rate(lab, subject)
        pace = _PER_SECOND * (2 if subject.system.name == "Workhorse" else 1)
        late = _lateness(lab, subject, count, max(_LEAD, count / pace + 2.0), 0.0)
        drained = count / rate * 1000
        return {
            "jobs_per_s": count / (max(late) - min(late)) * 1000,
            "first_ms": min(late),
            "late_p50": percentiles("late", late)["late_p50"],
            "last_ms": max(late),
            "drained_ms": drained,
            "excess_ms": max(late) - drained,
            "early": sum(one < 0 for one in late),
        }


def _schedulers(systems: Sequence[System]) -> Iterator[Subject]:
    for system in systems:
        if "later" in system.can:
            name = next(iter(system.variants))
            yield Subject(system, name, against="Worker")


def _lateness(lab: Lab, subject: Subject, count: int, lead: float, step: float) -> list[float]:
    """How many ms after its due time each job began."""
    slots = lab.fresh(count + _UNTIMED)
    with (
        lab.client(subject.system, subject.how) as client,
        lab.worker(subject.system, subject.how) as worker,
    ):
        fill(client, subject, Order(_UNTIMED), start=count)
        worker.wait(lambda: all(slots.ended[count:]), _TIMEOUT)
        told = client.ask(
            "schedule", count=count, delay=lead, step=step, flavour=subject.how.flavour
        )
        assert told["ended"][0] < told["due"][0], "the first job was due before all were scheduled"
        left = (told["due"][-1] - time.monotonic_ns()) / 1e9
        worker.wait(lambda: all_ran(slots), left + _TIMEOUT)
    check_runs(slots)
    begun = slots.begun[:count]
    return [(at - due) / 1e6 for at, due in zip(begun, told["due"], strict=True)]
