"""What came out: a table for people, and JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import Any

from benchmarks.measures.measure import Metric
from benchmarks.plan import Series
from benchmarks.targets import TARGETS, Target

NOISY = 0.25
"""Processors in use by other programs that make a run doubtful."""


class Report:
    """The figures of all series, each beside those of the baseline.

    Args:
        conditions: What a reader must know to judge them.
        series: The figures.
        baseline: The name of the system that the others are compared with.
    """

    def __init__(
        self, conditions: Mapping[str, str], series: Sequence[Series], baseline: str
    ) -> None:
        self._conditions = conditions
        self._series = series
        self._baseline = baseline
        self._known = {
            (one.measure.name, one.subject.system.name, one.subject.variant): one for one in series
        }

    def text(self) -> str:
        """The tables."""
        lines = [f"{name}: {value}" for name, value in self._conditions.items()]
        for _, group in groupby(self._series, lambda one: one.measure.name):
            lines += ["", *self._table(list(group))]
        return "\n".join((*lines, "", *self._footnotes()))

    def json(self) -> dict[str, Any]:
        """Everything, every run of it."""
        return {
            "conditions": dict(self._conditions),
            "baseline": self._baseline,
            "series": [self._described(one) for one in self._series],
        }

    def ratio(self, series: Series, metric: Metric) -> float | None:
        """How many times better than the baseline's; None if there is nothing to compare."""
        other = self._known.get((series.measure.name, self._baseline, series.subject.against))
        ours, theirs = series.spread(metric.key), other and other.spread(metric.key)
        if ours is None or not theirs:
            return None
        higher, lower = (ours, theirs) if metric.higher_is_better else (theirs, ours)
        return higher.median / lower.median if lower.median else None

    def _table(self, group: Sequence[Series]) -> Iterator[str]:
        measure = group[0].measure
        head = [""]
        for metric in measure.metrics:
            head += [metric.title]
            if metric.ratio:
                head += ["(min-max)", f"vs {self._baseline}", "target"]
        rows = [head, *(self._row(one) for one in group)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        yield measure.title
        for row in rows:
            first, *others = row
            cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
            yield "  ".join((first.ljust(widths[0]), *cells)).rstrip()
        for one in group:
            if one.failure:
                yield f"{one.subject.name} FAILED: {one.failure}"

    def _row(self, series: Series) -> list[str]:
        cells = [f"  {series.subject.name}"]
        for metric in series.measure.metrics:
            spread = series.spread(metric.key)
            digits = metric.digits
            cells.append(f"{spread.median:,.{digits}f}" if spread else "-")
            if metric.ratio:
                cells.append(
                    f"({spread.least:,.{digits}f}-{spread.most:,.{digits}f})" if spread else ""
                )
                cells += self._judged(series, metric)
        return cells

    def _judged(self, series: Series, metric: Metric) -> tuple[str, str]:
        """The ratio to the baseline, and the target with what became of it."""
        ratio, target = self.ratio(series, metric), _target_of(series)
        is_baseline = series.subject.system.name == self._baseline
        told = "" if ratio is None or is_baseline else f"{ratio:.1f}x"
        if target is None or metric is not series.measure.metrics[0]:
            return told, ""
        spread = series.spread(metric.key)
        met = spread is not None and target.met(spread.median, ratio)
        return told, f"{target} {'met' if met else 'MISSED'}"

    def _footnotes(self) -> Iterator[str]:
        noise = [cores for one in self._series for cores in one.neighbours]
        if noise:
            loud = sum(cores > NOISY for cores in noise)
            yield (
                f"Other programs used {median(noise):.2f} processors in the median run; "
                f"more than {NOISY} in {loud} of {len(noise)} runs."
            )
        yield (
            "Medians of the runs; ratios say how many times better. Costs are per job; reads are "
            "the server's, about one for each round trip, and several for a long message. Of "
            "what was drained or timed every job ran once, and results were read back."
        )

    def _described(self, series: Series) -> dict[str, Any]:
        metrics = series.measure.metrics
        target = _target_of(series)
        ratios = {one.key: self.ratio(series, one) for one in metrics if one.ratio}
        return {
            "measure": series.measure.name,
            "system": series.subject.system.name,
            "variant": series.subject.variant,
            "against": series.subject.against,
            "jobs": series.jobs,
            "medians": {
                metric.key: spread.median
                for metric in metrics
                if (spread := series.spread(metric.key)) is not None
            },
            "ratios": ratios,
            "target": None if target is None else str(target),
            "runs": [dict(run) for run in series.runs],
            "neighbours": series.neighbours,
            "failure": series.failure or None,
        }


def _target_of(series: Series) -> Target | None:
    return TARGETS.get((series.measure.name, series.subject.name))
