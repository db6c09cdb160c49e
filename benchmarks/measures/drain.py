"""How fast one worker empties a queue of jobs that do nothing, their results stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.lab import Lab, check_results, check_runs
from benchmarks.measures.measure import Figures, Metric, Subject, jobs_for
from benchmarks.systems.system import System

_TIMEOUT = 120.0


class Drain:
    """Jobs per second from the start of the first to the end of the last; booting apart."""

    name = "drain"
    title = "Drain: one worker, no-op jobs that wait in the queue, results stored"
    metrics = (
        Metric("jobs_per_s", "jobs/s", higher_is_better=True, ratio=True),
        Metric("worker_us", "worker CPU µs", digits=1),
        Metric("server_us_per_job", "server CPU µs", digits=1),
        Metric("commands_per_job", "commands", digits=2),
        Metric("round_trips_per_job", "reads", digits=3),
        Metric("bytes_per_job", "bytes/finished"),
        Metric("startup_ms", "start-up ms"),
    )

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Every variant of every system's worker."""
        for system in systems:
            for name, variant in system.variants.items():
                yield Subject(system, name, variant.against)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs take about so long."""
        return jobs_for(
            seconds, lambda count: self.run(lab, subject, count)["jobs_per_s"], (100, 50_000)
        )

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        system = subject.system
        slots = lab.fresh(count)
        empty = lab.server.reading()
        with lab.client(system) as client:
            client.ask("enqueue", way="many", count=count)
            before = lab.server.reading()
            with lab.worker(system, system.variants[subject.variant].burst) as worker:
                worker.wait(lambda: False, _TIMEOUT)
            after = lab.server.reading()
            check_runs(slots)
            check_results(client, count)
        first, last = min(slots.begun), max(slots.ended)
        return {
            "jobs_per_s": (count - 1) / (last - first) * 1e9,
            "worker_us": worker.cpu / count * 1e6,
            "bytes_per_job": (after.memory - empty.memory) / count,
            "startup_ms": (first - worker.started) / 1e6,
            **after.per_job(before, count),
        }
