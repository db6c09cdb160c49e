"""What a job that kills the process that runs it does to the jobs behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from benchmarks.lab import Lab, all_ran
from benchmarks.measures.measure import Figures, Metric, Subject, each_default_and_best
from benchmarks.systems.catalogue import OURS
from benchmarks.systems.system import System

_PATIENCE = 6.0
_UNTIL_IDLE = 0.3
_BEHIND = 20


class Crash:
    """Whether the worker goes on by itself, and how soon."""

    name = "crash"
    title = (
        "Crash: a job kills the process that runs it; whether the jobs behind it run all the same"
    )
    metrics = (
        Metric("survived", "survived (1 = yes)", higher_is_better=True),
        Metric("behind", "of 20 jobs behind it ran"),
        Metric("recovered_ms", "until the first of them, ms", digits=1),
    )
    turns = 1
    our_turns = 1

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """The default and the best of each system, and what claims to survive."""
        yield from each_default_and_best(systems)
        for system in systems:
            for name, variant in system.variants.items():
                chosen = name in {next(iter(system.variants)), system.chosen("best")}
                if not chosen and (variant.survives or system.name == OURS.name):
                    yield Subject(system, name, against=variant.against)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - a fixed number
        """How many jobs are behind it."""
        return _BEHIND

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        slots = lab.fresh(count + 2)
        flavour = subject.how.flavour
        words = {"way": "one", "flavour": flavour, "keep": False}
        with (
            lab.client(subject.system, subject.how) as client,
            lab.worker(subject.system, subject.how) as worker,
        ):
            client.ask("enqueue", count=1, **words)  # it is there when this has run
            worker.wait(lambda: all_ran(slots, 1), 20.0)
            time.sleep(_UNTIL_IDLE)
            client.ask("enqueue", count=1, start=1, work="crash", **words)
            client.ask("enqueue", count=count, start=2, **words)
            until = time.monotonic() + _PATIENCE
            while 0 in slots.runs[2:] and time.monotonic() < until:
                time.sleep(0.01)
        begun = [at for at in slots.begun[2:] if at]
        ran = count - slots.runs[2:].count(0)
        figures = {"survived": float(ran == count), "behind": float(ran)}
        after = [(at - slots.begun[1]) / 1e6 for at in begun if at > slots.begun[1]]
        return figures | ({"recovered_ms": min(after)} if after else {})
