"""How long a single job takes: when the worker is idle, and when it is half busy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.lab import Lab, all_ran, check_runs
from benchmarks.measures.drain import known_rate
from benchmarks.measures.measure import (
    Figures,
    Metric,
    Subject,
    each_default_and_best,
    each_variant,
    percentiles,
)
from benchmarks.slots import Slots
from benchmarks.systems.system import System

_FEWEST, _MOST = 40, 300
_SECONDS_EACH = 0.015
_UNTIMED = 5
"""Jobs before the first that counts: the worker starts meanwhile."""
_MILLISECOND = 1e6
_METRICS = (
    Metric("start_p50", "to start p50", digits=2, ratio=True),
    Metric("start_p99", "p99", digits=2),
    Metric("result_p50", "to result p50", digits=2, ratio=True),
    Metric("result_p99", "p99", digits=2),
)
_LOAD = 0.5
_MOST_LOAD = 4_000.0
"""Jobs per second that a client can be trusted to enqueue one by one, on two processors."""
_ENQUEUE_SHARE = 0.7


class Latency:
    """Milliseconds from calling `enqueue` to the start of the job, and to its result."""

    name = "latency"
    title = "Latency: single jobs, the worker idle; ms from calling enqueue"
    metrics = _METRICS
    turns = 2
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Every variant that has one place or is a system's default or best."""
        chosen = {one.name for one in each_default_and_best(systems)}
        for one in each_variant(systems):
            if one.name in chosen or one.system.name == "Workhorse":
                yield one

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - most of the time is pauses
        """How many jobs take about so long."""
        return round(max(_FEWEST, min(_MOST, seconds / _SECONDS_EACH)))

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        slots = lab.fresh(count + _UNTIMED)
        with (
            lab.client(subject.system, subject.how) as client,
            lab.worker(subject.system, subject.how) as worker,
        ):
            taken = client.ask(_order(subject), **_words(subject, count))
            timed = len(taken["sent"])
            worker.wait(lambda: all_ran(slots, timed), 5.0)
        check_runs(slots, timed)
        return _figures(slots, taken, 0)


class Loaded:
    """The same while another client keeps the worker half busy."""

    name = "loaded"
    title = "Latency at half load: single jobs among others that another client enqueues, ms"
    metrics = (*_METRICS, Metric("load", "other jobs/s"))
    turns = 1
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """The default of each system."""
        for system in systems:
            name = next(iter(system.variants))
            yield Subject(system, name, against=system.variants[name].against)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - see above
        """How many jobs are timed."""
        return round(max(_FEWEST, min(100, seconds / _SECONDS_EACH)))

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        system, how = subject.system, subject.how
        load = min(_MOST_LOAD, _LOAD * known_rate(lab, subject))
        seconds = count * (_SECONDS_EACH + 0.02) + 1.0
        others = round(load * seconds)
        slots = lab.fresh(count + _UNTIMED + others)
        with (
            lab.client(system, how) as client,
            lab.client(system, how) as crowd,
            lab.worker(system, how) as worker,
        ):
            client.ask(_order(subject), **{**_words(subject, 0), "start": count})
            first = count + _UNTIMED
            crowd.tell("pace", count=others, rate=load, flavour=how.flavour, start=first)
            taken = client.ask(_order(subject), **{**_words(subject, count), "untimed": 0})
            sent = crowd.answer()["sent"]
            timed = len(taken["sent"])
            worker.wait(lambda: all_ran(slots, timed), 5.0)
        check_runs(slots, timed)
        real = len(sent) / (sent[-1] - sent[0]) * 1e9
        assert real > load * _ENQUEUE_SHARE, f"a client enqueues only {real:.0f} jobs/s"
        return {**_figures(slots, taken, 0), "load": real}


def _order(subject: Subject) -> str:
    return "latency" if "waited" in subject.system.can else "single"


def _words(subject: Subject, count: int) -> dict[str, object]:
    return {
        "count": count,
        "untimed": _UNTIMED,
        "seed": count,
        "flavour": subject.how.flavour,
    }


def _figures(slots: Slots, taken: dict[str, list[int]], first: int) -> Figures:
    sent, begun = taken["sent"], slots.begun
    starts = [(begun[first + i] - at) / _MILLISECOND for i, at in enumerate(sent)]
    figures = percentiles("start", starts)
    if "seen" in taken:
        pairs = zip(taken["seen"], sent, strict=True)
        figures |= percentiles("result", [(seen - at) / _MILLISECOND for seen, at in pairs])
    return figures
