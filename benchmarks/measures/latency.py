"""How long a single job takes when the worker is idle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import quantiles

from benchmarks.lab import Lab, check_runs
from benchmarks.measures.measure import Figures, Metric, Subject
from benchmarks.systems.system import System

_FEWEST, _MOST = 40, 300
_SECONDS_EACH = 0.015
_UNTIMED = 10
"""Jobs before the first that counts: the worker starts meanwhile."""
_STOP_TIMEOUT = 20.0
_MILLISECOND = 1e6


class Latency:
    """Milliseconds from calling `enqueue` to the start of the job, and to its result."""

    name = "latency"
    title = "Latency: single jobs, the worker idle; ms from calling enqueue"
    metrics = (
        Metric("result_p50", "to result p50", digits=2, ratio=True),
        Metric("result_p99", "p99", digits=2),
        Metric("start_p50", "to start p50", digits=2),
        Metric("start_p99", "p99", digits=2),
    )

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Every variant of every system's worker."""
        for system in systems:
            for name, variant in system.variants.items():
                yield Subject(system, name, variant.against)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - most of the time is pauses
        """How many jobs take about so long."""
        return round(max(_FEWEST, min(_MOST, seconds / _SECONDS_EACH)))

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        system = subject.system
        slots = lab.fresh(count + _UNTIMED)
        with (
            lab.client(system) as client,
            lab.worker(system, system.variants[subject.variant].steady) as worker,
        ):
            taken = client.ask("latency", count=count, untimed=_UNTIMED, seed=count)
            worker.stop(_STOP_TIMEOUT)
        check_runs(slots)
        sent, seen = taken["sent"], taken["seen"]
        begun = slots.begun[:count]
        starts = [(at - was) / _MILLISECOND for at, was in zip(begun, sent, strict=True)]
        results = [(at - was) / _MILLISECOND for at, was in zip(seen, sent, strict=True)]
        return {**_percentiles("start", starts), **_percentiles("result", results)}


def _percentiles(what: str, values: list[float]) -> dict[str, float]:
    cuts = quantiles(values, n=100, method="inclusive")
    return {f"{what}_p50": cuts[49], f"{what}_p99": cuts[98]}
