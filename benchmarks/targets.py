"""What has to be reached, and whether it was. The numbers are those of the plan's "done when"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.records import Record, Results
from benchmarks.systems.catalogue import BASELINE, OURS, SYSTEMS

Value = Callable[[Results], float | None]


@dataclass(frozen=True)
class Target:
    """One figure, and what it must be.

    Attributes:
        point: Of the plan.
        text: What it is.
        value: Finds it; None if it was not measured.
        at_least: The bound, if more is better.
        at_most: The bound, if less is better.
        digits: Behind the point.
    """

    point: int
    text: str
    value: Value
    at_least: float | None = None
    at_most: float | None = None
    digits: int = 0

    @property
    def bound(self) -> str:
        """What it must be, in words."""
        if self.at_least is not None:
            return f">= {self.at_least:,g}"
        return f"<= {self.at_most:,g}"

    def is_met(self, value: float) -> bool:
        """Whether a figure reaches it."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most

    def verdict(self, results: Results) -> tuple[str, str]:
        """The figure, and `met`, `MISSED` or `not measured`."""
        value = self.value(results)
        if value is None:
            return "-", "not measured"
        return f"{value:,.{self.digits}f}", "met" if self.is_met(value) else "MISSED"


def _ours(measure: str, variant: str, metric: str, what: str = "") -> Value:
    def value(results: Results) -> float | None:
        record = results.get(measure, OURS.name, variant, what)
        return None if record is None else record.median(metric)

    return value


def _peers(results: Results, measure: str, what: str) -> Iterator[Record]:
    for record in results.of(measure):
        if record.system != OURS.name and record.what == what:
            yield record


def _ahead(  # noqa: PLR0913 - what to compare, and with whom
    ours: Value,
    measure: str,
    metric: str,
    what: str = "",
    *,
    lower: bool = False,
    only: Callable[[Results, Record], bool] = lambda *_: True,
) -> Value:
    """How many times better than the best peer."""

    def value(results: Results) -> float | None:
        own = ours(results)
        theirs = [
            found
            for one in _peers(results, measure, what)
            if only(results, one) and (found := one.median(metric)) is not None
        ]
        if own is None or not own or not theirs:
            return None
        return min(theirs) / own if lower else own / max(theirs)

    return value


def _sum(*values: Value) -> Value:
    def value(results: Results) -> float | None:
        found = [one(results) for one in values]
        return None if None in found else sum(one for one in found if one is not None)

    return value


def _survives(results: Results, record: Record) -> bool:
    """Whether a job that crashes leaves this worker alive: as measured, else as described."""
    tried = results.get("crash", record.system, record.variant)
    measured = None if tried is None else tried.median("survived")
    if measured is not None:
        return measured > 0
    systems = {one.name: one for one in SYSTEMS}
    variant = systems[record.system].variants.get(record.variant)
    return variant is not None and variant.survives


def _is_rq_worker(_: Results, record: Record) -> bool:
    return (record.system, record.variant) == (BASELINE.name, "Worker")


def _returns_results(_: Results, record: Record) -> bool:
    return record.median("result_p50") is not None


def _percent_of(value: Value, whole: float) -> Value:
    def percent(results: Results) -> float | None:
        found = value(results)
        return None if found is None else found / whole * 100

    return percent


_C100, _C1000 = "warm async c100", "warm async c1000"
_WARM = _ours("drain", "warm", "jobs_per_s")
_FORK = _ours("drain", "fork", "jobs_per_s")
_ONE = _ours("enqueue", "warm", "jobs_per_s", "one")
_MANY = _ours("enqueue", "warm", "jobs_per_s", "many")
_START = _ours("latency", "warm", "start_p50")
_RESULT = _ours("latency", "warm", "result_p50")
_LIFE = _sum(
    _ours("enqueue", "warm", "server_us_per_job", "many"),
    _ours("drain", "warm", "server_us_per_job"),
)
_TRIPS = _sum(
    _ours("enqueue", "warm", "round_trips_per_job", "one"),
    _ours("drain", "warm", "round_trips_per_job"),
)

TARGETS: Sequence[Target] = (
    Target(1, "warm, no-op jobs/s", _WARM, at_least=30_000),
    Target(
        1,
        "warm, times the fastest peer in any mode",
        _ahead(_WARM, "drain", "jobs_per_s"),
        at_least=1,
        digits=2,
    ),
    Target(
        1,
        "warm, times the fastest peer that survives a crashing job",
        _ahead(_WARM, "drain", "jobs_per_s", only=_survives),
        at_least=3,
        digits=2,
    ),
    Target(1, "inline, no-op jobs/s", _ours("drain", "inline", "jobs_per_s"), at_least=40_000),
    Target(1, "async no-op jobs/s", _ours("drain", _C100, "jobs_per_s"), at_least=25_000),
    Target(1, "fork, no-op jobs/s", _FORK, at_least=1_000),
    Target(
        1,
        "fork, times RQ's Worker",
        _ahead(_FORK, "drain", "jobs_per_s", only=_is_rq_worker),
        at_least=12,
        digits=1,
    ),
    Target(2, "enqueue, one call at a time, jobs/s", _ONE, at_least=12_000),
    Target(
        2,
        "enqueue, times the fastest peer",
        _ahead(_ONE, "enqueue", "jobs_per_s", "one"),
        at_least=1,
        digits=2,
    ),
    Target(2, "enqueue_many, jobs/s", _MANY, at_least=100_000),
    Target(
        2,
        "enqueue_many, times the fastest peer",
        _ahead(_MANY, "enqueue", "jobs_per_s", "many"),
        at_least=1,
        digits=2,
    ),
    Target(
        2,
        "enqueue, asyncio with 100 in flight, jobs/s",
        _ours("enqueue", "warm", "jobs_per_s", "async"),
        at_least=40_000,
    ),
    Target(3, "enqueue to start, p50 ms", _START, at_most=0.5, digits=2),
    Target(
        3,
        "enqueue to start, p99 ms",
        _ours("latency", "warm", "start_p99"),
        at_most=1.5,
        digits=2,
    ),
    Target(3, "enqueue to result, p50 ms", _RESULT, at_most=0.9, digits=2),
    Target(
        3,
        "enqueue to start, times the quickest peer with results",
        _ahead(_START, "latency", "start_p50", lower=True, only=_returns_results),
        at_least=1,
        digits=2,
    ),
    Target(
        3,
        "enqueue to result, times the quickest peer",
        _ahead(_RESULT, "latency", "result_p50", lower=True),
        at_least=1,
        digits=2,
    ),
    Target(
        3,
        "start of a worker to its first job, ms",
        _ours("startup", "warm", "startup_ms"),
        at_most=250,
    ),
    Target(
        4,
        "10 ms coroutines, 100 at a time in one horse, % of the ideal rate",
        _percent_of(_ours("work", _C100, "jobs_per_s", "nap"), 10_000),
        at_least=90,
        digits=1,
    ),
    Target(
        4,
        "1 ms of Python on two horses, % of two bare processes",
        _ours("compute", "warm 2 horses", "percent"),
        at_least=95,
        digits=1,
    ),
    Target(5, "server µs per job, enqueue_many and run", _LIFE, at_most=15, digits=1),
    Target(5, "round trips per job, enqueued one by one and run", _TRIPS, at_most=1.2, digits=2),
    Target(
        5, "bytes per queued job", _ours("enqueue", "warm", "bytes_per_job", "one"), at_most=500
    ),
    Target(5, "bytes per finished job", _ours("drain", "warm", "bytes_per_job"), at_most=700),
    Target(
        6,
        "drain rate with 1,000,000 queued, % of that with 1,000",
        _ours("depth", "warm", "percent"),
        at_least=90,
        digits=1,
    ),
    Target(
        6,
        "enqueue rate with 1,000,000 scheduled, % of that with 1,000",
        _ours("backlog", "warm", "one_percent"),
        at_least=90,
        digits=1,
    ),
    Target(
        6,
        "the same of enqueue_many",
        _ours("backlog", "warm", "bulk_percent"),
        at_least=90,
        digits=1,
    ),
    Target(
        6,
        "the same of enqueue_in",
        _ours("backlog", "warm", "later_percent"),
        at_least=90,
        digits=1,
    ),
    Target(
        6,
        "100,000 due at once: last start after the time to drain them, ms",
        _ours("burst", "warm", "excess_ms"),
        at_most=200,
    ),
    Target(
        6,
        "single scheduled jobs late, p99 ms",
        _ours("late", "warm", "late_p99"),
        at_most=3,
        digits=2,
    ),
    Target(
        6,
        "scheduled jobs that start early",
        _sum(_ours("late", "warm", "early"), _ours("burst", "warm", "early")),
        at_most=0,
    ),
    Target(
        7,
        "mixed queue: longest wait of a fast job while a horse is free, ms",
        _ours("mixed", "warm 2 horses", "held_up_max"),
        at_most=50,
        digits=1,
    ),
    Target(8, "idle worker tree, PSS MB", _ours("idle", "warm", "memory_mb"), at_most=45, digits=1),
    Target(
        8,
        "idle worker tree, % of a core",
        _ours("idle", "warm", "worker_percent"),
        at_most=0.2,
        digits=2,
    ),
)
"""In the order of the plan. Point 9, that no guarantee was paid for it, is for the tests."""
