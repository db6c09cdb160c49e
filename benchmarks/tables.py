"""Records in rows and columns: what the page and the screen both show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measures.catalogue import MEASURES
from benchmarks.measures.measure import Measure, Metric
from benchmarks.model import PRIMARIES, WORDS, Model
from benchmarks.records import Record, Results
from benchmarks.systems.catalogue import BASELINE, OURS

Row = list[str]

_OURS_ALONE = {"scale", "cluster"}
"""Measures of one system: one table, whose rows are told apart by what was done."""


@dataclass(frozen=True)
class Table:
    """One part of a measure.

    Attributes:
        title: What it shows.
        head: The names of the columns.
        rows: As many cells each.
        failures: What could not be measured, a line each.
        note: What a reader must know of it.
    """

    title: str
    head: Row
    rows: Sequence[Row]
    failures: Sequence[str]
    note: str = ""


@dataclass(frozen=True)
class Loss:
    """A figure in which a peer is better.

    Attributes:
        where: Measure and kind.
        metric: Which of its columns.
        ours: Our default and its figure.
        theirs: The peer and its figure.
        times: How much better it is.
        best: What of ours is not worse, if anything.
    """

    where: str
    metric: str
    ours: str
    theirs: str
    times: float
    best: str


def tables(results: Results) -> Iterator[tuple[Measure, list[Table]]]:
    """All measures that have been made, with a table for each kind of work."""
    for measure in MEASURES:
        records = results.of(measure.name)
        whats = dict.fromkeys(one.what for one in records)
        if measure.name in _OURS_ALONE and records:
            whats = {"": None}
        parts = [
            _table(results, measure, what, [one for one in records if what in ("", one.what)])
            for what in whats
        ]
        if measure.name == "cluster":
            parts += _modelled(Model.of(records))
        if parts:
            yield measure, parts


def losses(results: Results) -> Iterator[Loss]:
    """All figures that are compared and in which a peer beats our default."""
    for measure in MEASURES:
        records = results.of(measure.name)
        for what in dict.fromkeys(one.what for one in records):
            group = [one for one in records if one.what == what]
            for metric in measure.metrics:
                if metric.ratio:
                    yield from _lost(measure, what, metric, group)


def _table(results: Results, measure: Measure, what: str, records: Sequence[Record]) -> Table:
    head = [""]
    for number, metric in enumerate(measure.metrics):
        head.append(metric.title)
        if number == 0:
            head.append("min-max")
        if number == 0 and metric.ratio:
            head.append(f"x {BASELINE.name}")
    rows = [_row(results, measure, one) for one in records if one.runs]
    failures = [f"{one.name}: {one.failure}" for one in records if one.failure]
    return Table(what, head, rows, failures)


def _modelled(model: Model | None) -> Iterator[Table]:
    if model is None:
        return
    rows = [
        [
            f"{count}",
            f"{model.jobs_per_s(count):,.0f}",
            f"{model.jobs_per_s(count) * model.alone:.1f}",
        ]
        for count in PRIMARIES
    ]
    yield Table(
        "A model for more primaries", ["primaries", "jobs/s", "x one server"], rows, (), WORDS
    )


def _row(results: Results, measure: Measure, record: Record) -> Row:
    ours_alone = measure.name in _OURS_ALONE
    cells = [record.what if ours_alone else f"{record.system} {record.variant}"]
    if record.median("results_missing"):
        cells[0] += " (!)"
    for number, metric in enumerate(measure.metrics):
        spread, digits = record.spread(metric.key), metric.digits
        cells.append(f"{spread.median:,.{digits}f}" if spread else "-")
        if number == 0:
            cells.append(
                f"{spread.least:,.{digits}f}-{spread.most:,.{digits}f}"
                if spread and len(record.runs) > 1
                else ""
            )
        if number == 0 and metric.ratio:
            times = _times(results, record, metric)
            cells.append("" if times is None else f"{times:,.2f}")
    return cells


def _times(results: Results, record: Record, metric: Metric) -> float | None:
    """How many times better than the baseline's."""
    variant, what = record.against, record.what
    known = [one for one in results.of(record.measure) if one.system == BASELINE.name]
    other = next(
        (one for one in known if f"{one.variant} {one.what}".strip() == variant),
        next(
            (one for one in known if (one.variant, one.what) == (variant, what)),
            next((one for one in known if one.what == what), None),
        ),
    )
    if other is None or record.system == BASELINE.name:
        return None
    return _ratio(record, other, metric)


def _ratio(better: Record, worse: Record, metric: Metric) -> float | None:
    ours, theirs = better.median(metric.key), worse.median(metric.key)
    if ours is None or theirs is None:
        return None
    over, under = (ours, theirs) if metric.higher_is_better else (theirs, ours)
    return over / under if under > 0 else None


def _lost(measure: Measure, what: str, metric: Metric, group: Sequence[Record]) -> Iterator[Loss]:
    own = [one for one in group if one.system == OURS.name and one.median(metric.key) is not None]
    if not own:
        return
    default = own[0]
    for peer in group:
        times = _ratio(peer, default, metric)
        if peer.system == OURS.name or times is None or times <= 1:
            continue
        better = [one for one in own if (_ratio(one, peer, metric) or 0) >= 1]
        yield Loss(
            where=" ".join(filter(None, (measure.name, what))),
            metric=metric.title,
            ours=_said(default, metric),
            theirs=f"{peer.system} {_said(peer, metric)}",
            times=times,
            best=", ".join(_said(one, metric) for one in better),
        )


def _said(record: Record, metric: Metric) -> str:
    return f"{record.variant}: {record.median(metric.key) or 0:,.{metric.digits}f}"
