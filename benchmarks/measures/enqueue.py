"""How fast jobs are put into the queue, without a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.lab import Lab
from benchmarks.measures.measure import Figures, Metric, Subject, jobs_for
from benchmarks.systems.system import System

_COUNTERPART = {"async": "one"}
"""What a system without this way is compared by; the others are compared with themselves."""
WAYS = {
    "one": "one call at a time",
    "many": "bulk call",
    "async": "asyncio, 100 in flight",
}


class Enqueue:
    """Jobs per second from one client: one by one, in bulk, and many asynchronous calls at once."""

    name = "enqueue"
    title = "Enqueue: one client, no worker"
    metrics = (
        Metric("jobs_per_s", "jobs/s", higher_is_better=True, ratio=True),
        Metric("client_us", "client CPU µs", digits=1),
        Metric("server_us_per_job", "server CPU µs", digits=1),
        Metric("commands_per_job", "commands", digits=2),
        Metric("round_trips_per_job", "reads", digits=3),
        Metric("bytes_per_job", "bytes/queued"),
    )
    turns = 2
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Every way of every system."""
        for way in WAYS:
            for system in systems:
                if way in system.ways:
                    against = _COUNTERPART.get(way, way)
                    yield Subject(system, next(iter(system.variants)), way, against)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs take about so long."""
        known = lab.rates.get(_rate_of(subject))
        if known is not None:
            return round(max(500, min(100_000, known * seconds)))
        return jobs_for(
            seconds, lambda count: self.run(lab, subject, count)["jobs_per_s"], (500, 100_000)
        )

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        lab.fresh(count)
        empty = lab.server.reading()
        with lab.client(subject.system, subject.how) as client:
            client.ask("ready")
            before = lab.server.reading()
            took = client.ask(
                "enqueue", way=subject.what, count=count, flavour=subject.how.flavour, keep=False
            )
            after = lab.server.reading()
            waiting = client.ask("ready")["waiting"]
        assert waiting in {None, count}, f"{waiting} jobs are in the queue, not {count}"
        lab.rates[_rate_of(subject)] = count / took["seconds"]
        return {
            "jobs_per_s": count / took["seconds"],
            "client_us": took["cpu"] / count * 1e6,
            "bytes_per_job": (after.memory - empty.memory) / count,
            **after.per_job(before, count),
        }


def _rate_of(subject: Subject) -> str:
    """By which name its rate is known."""
    return f"enqueue {subject.name}"
