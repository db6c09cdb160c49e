"""How fast one worker empties a queue of jobs that do nothing, their results stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.lab import Lab
from benchmarks.measures.draining import Order, drain
from benchmarks.measures.measure import Figures, Metric, Subject, each_variant, jobs_for
from benchmarks.systems.catalogue import OURS
from benchmarks.systems.system import System

_PARALLEL = 8
"""A worker with so many places waits for many jobs at a time."""

_RATE = Metric("jobs_per_s", "jobs/s", higher_is_better=True, ratio=True)
_COSTS = (
    Metric("worker_us", "worker CPU µs", digits=1),
    Metric("server_us_per_job", "server CPU µs", digits=1),
    Metric("commands_per_job", "commands", digits=2),
    Metric("round_trips_per_job", "reads", digits=3),
)


class Drain:
    """Jobs per second from the start of the first to the end of the last; booting apart."""

    name = "drain"
    title = "Drain: one worker, no-op jobs that wait in the queue, results stored"
    metrics = (_RATE, *_COSTS, Metric("bytes_per_job", "bytes/finished"))
    turns = 2
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Every variant of every system's worker but those for one purpose."""
        yield from (one for one in each_variant(systems) if not one.how.narrow)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs take about so long."""
        fewest, most = 100 if subject.system.slow else 300, 50_000
        if subject.name in lab.rates:
            return round(max(fewest, min(most, lab.rates[subject.name] * seconds)))
        return jobs_for(
            seconds, lambda count: self.run(lab, subject, count)["jobs_per_s"], (fewest, most)
        )

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        figures = drain(lab, subject, Order(count))
        lab.rates[subject.name] = figures["jobs_per_s"]
        return figures


def known_rate(lab: Lab, subject: Subject) -> float:
    """How many no-ops a worker runs a second, as far as it is known."""
    name = f"{subject.system.name} {subject.variant}"
    if name not in lab.rates:
        plain = Subject(subject.system, subject.variant)
        Drain().size(lab, plain, 0.2)
    return lab.rates[name]


class Scaling:
    """The same with two and four workers, and with two and four horses."""

    name = "scaling"
    title = "Several workers: no-op jobs, the rate over the middle three quarters"
    metrics = (_RATE, *_COSTS)
    turns = 1
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """One, two and four workers of each system's best, and Workhorse with more horses."""
        for system in systems:
            best = system.chosen("best")
            for workers in (1, 2, 4):
                yield Subject(system, best, f"x {workers}", f"SimpleWorker x {workers}")

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs take about so long."""
        workers = _workers(subject)
        return round(max(100, min(60_000, known_rate(lab, subject) * workers**0.5 * seconds)))

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        return drain(lab, subject, Order(count, workers=_workers(subject)))


class Work:
    """The same with other work than none."""

    name = "work"
    title = "Other work: one worker, the best variant for it"
    metrics = (_RATE, *_COSTS)
    turns = 1
    our_turns = 2

    _bounds = {  # noqa: RUF012 - a table
        "compute": (100, 1_500),
        "nap": (100, 15_000),
        "1 KB": (100, 20_000),
        "1 MB": (10, 150),
        "retry": (100, 4_000),
        "chain": (100, 8_000),
    }

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Each kind of work by each system's best; of waiting, by all that wait in parallel."""
        for work in self._bounds:
            for system in systems:
                for variant in _workers_for(system, work):
                    if system.can_do(variant, work):
                        yield Subject(system, variant, work, f"SimpleWorker {work}")

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs take about so long."""
        fewest, most = self._bounds[subject.what]
        limits = {"compute": 700.0, "nap": 90.0 * subject.how.slots, "1 MB": 60.0, "retry": 2000.0}
        rate = min(known_rate(lab, subject), limits.get(subject.what, 1e9))
        return round(max(fewest, min(most, rate * seconds))) // 2 * 2

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        return drain(lab, subject, Order(count, work=subject.what))


def _workers(subject: Subject) -> int:
    return int(subject.what.removeprefix("x "))


def _workers_for(system: System, work: str) -> Iterator[str]:
    """Which variants do a kind of work, the one that we begin with first."""
    if work != "nap":
        yield system.chosen("best")
        return
    first = next(iter(system.variants))
    ours = [name for name, one in system.variants.items() if one.slots >= _PARALLEL]
    others = ours if system.name == OURS.name else [system.chosen("sleeper")]
    yield from dict.fromkeys((first, *others))
