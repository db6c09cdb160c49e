"""Whether a long queue slows the worker down."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from benchmarks.lab import Lab, all_ran
from benchmarks.measures.drain import known_rate
from benchmarks.measures.draining import TIMEOUT, Order, fill
from benchmarks.measures.measure import Figures, Metric, Subject
from benchmarks.processes import Client
from benchmarks.slots import Slots
from benchmarks.systems.catalogue import OURS
from benchmarks.systems.system import System

_DEEP = 1_000_000
_FILLING, _FILLING_OF_OURS = 4.0, 60.0
"""How long a queue is filled at most, seconds: slow clients get less far."""
_PER_ORDER = 20_000
_WATCHED = 1.5
_SHALLOW = (3_000, 500)
"""The stretch that counts as shallow: from so many jobs left to so many."""


class Depth:
    """The rate with about a thousand jobs queued, and with as many as a million."""

    name = "depth"
    title = (
        "Depth: no-op jobs per second with about 1,000 queued and with many (1,000,000, or as "
        "many as a client enqueues in 4 s)"
    )
    metrics = (
        Metric("percent", "deep/shallow %", digits=1, higher_is_better=True),
        Metric("shallow_per_s", "shallow jobs/s"),
        Metric("deep_per_s", "deep jobs/s", higher_is_better=True, ratio=True),
        Metric("deep", "jobs queued"),
        Metric("shallow_us", "shallow server µs", digits=1),
        Metric("deep_us", "deep server µs", digits=1),
    )
    turns = 1
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """The best of each system."""
        for system in systems:
            name = "warm" if system.name == "Workhorse" else system.chosen("best")
            yield Subject(system, name, against=system.variants[name].against)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:
        """How many jobs the shallow queue begins with."""
        most = 20_000 if lab.quick else 40_000
        return round(max(400, min(most, known_rate(lab, subject) * seconds)))

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        shallow, shallow_us, _ = _rate(lab, subject, count, deep=False)
        most = 30_000 if lab.quick else _DEEP
        deep, deep_us, queued = _rate(lab, subject, most, deep=True)
        return {
            "percent": deep / shallow * 100,
            "shallow_per_s": shallow,
            "deep_per_s": deep,
            "deep": queued,
            "shallow_us": shallow_us,
            "deep_us": deep_us,
        }


def _rate(lab: Lab, subject: Subject, most: int, *, deep: bool) -> tuple[float, float, int]:
    """Jobs per second and server µs for each, and how many there were at the start."""
    slots = lab.fresh(most)
    with lab.client(subject.system, subject.how) as client:
        limit = _FILLING_OF_OURS if subject.system.name == OURS.name else _FILLING
        count = _fill(client, subject, most, limit)
        before = lab.server.reading()
        with lab.worker(subject.system, subject.how) as worker:
            if deep:
                worker.wait(lambda: any(slots.runs), TIMEOUT)
                time.sleep(_WATCHED)
            else:
                worker.wait(lambda: all_ran(slots, count), TIMEOUT)
            after = lab.server.reading()
            ended = sorted(at for at in slots.ended if at)
    used = after.per_job(before, len(ended))["server_us_per_job"]
    return _stretch(slots, ended, deep=deep), used, count


def _fill(client: Client, subject: Subject, most: int, seconds: float) -> int:
    until, count = time.monotonic() + seconds, 0
    while count < most and time.monotonic() < until:
        size = min(_PER_ORDER if "many" in subject.system.ways else 2_000, most - count)
        fill(client, subject, Order(size), start=count)
        count += size
    return count


def _stretch(slots: Slots, ended: list[int], *, deep: bool) -> float:
    """The rate over the part that counts: neither the worker's start nor its last jobs."""
    first, last = len(ended) // 5, len(ended) - 1
    if not deep and slots.count > 2 * _SHALLOW[0]:
        first, last = len(ended) - _SHALLOW[0], len(ended) - _SHALLOW[1]
    return (last - first) / max(1, ended[last] - ended[first]) * 1e9
