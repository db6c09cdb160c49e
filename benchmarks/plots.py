"""Draw the plots of a file of records: `python -m benchmarks.plots FILE FOLDER`.

This runs in an environment of its own, which has Matplotlib and nothing of ours: it is imported
only when something is drawn.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.model import PRIMARIES, Model
from benchmarks.records import Record, Results
from benchmarks.systems.system import System

PLOTTER = System("plots", "matplotlib", ("matplotlib==3.11.2",), "", {})
_OURS = "Workhorse"
_BLUE, _GREY, _ORANGE = "#2563a8", "#9aa5b1", "#d9822b"
_OTHERS = ("#d9822b", "#3f8f4f", "#b0413e", "#7d5ba6", "#8a6d3b", "#c77cb0", "#6b7785", "#a8a832")
_ROOM = 1.15
_PALE = "#8ab4dc"
_BARS = (
    ("alone_us", _GREY, "one server alone"),
    ("primary1_us", _PALE, "each primary, of its own jobs"),
    ("primary2_us", _PALE, None),
    ("primary3_us", _PALE, None),
    ("cluster_us", _BLUE, "all three together"),
)
_UNITS = {
    "depth": "jobs queued",
    "queues": "queues",
    "workers": "workers",
    "scheduled": "jobs scheduled",
    "finished": "finished jobs kept",
}


def main(file: Path, folder: Path) -> None:
    """Draw what can be drawn."""
    import matplotlib as mpl  # noqa: PLC0415 - see the top

    mpl.use("svg")
    # The same figures give the same file; text stays text, which is smaller and can be searched.
    mpl.rcParams |= {"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 9}
    results = Results.load(file)
    for draw in (_drain, _latency, _mixed, _scale, _cluster):
        figure = draw(results)
        if figure is not None:
            name = draw.__name__.removeprefix("_")
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")


def _figure(width: float, height: float, *grid: int) -> tuple[Any, Any]:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - see the top

    return plt.subplots(*grid, figsize=(width, height), layout="constrained")


def _drain(results: Results) -> Any:
    records = [one for one in results.of("drain") if one.runs]
    if not records:
        return None
    records.sort(key=lambda one: one.median("jobs_per_s") or 0)
    figure, axes = _figure(7, 1 + 0.19 * len(records))
    axes.barh(
        [one.name for one in records],
        [one.median("jobs_per_s") for one in records],
        color=[_colour(one) for one in records],
    )
    axes.set_xscale("log")
    axes.set_xlabel("no-op jobs per second, one worker")
    axes.margins(y=0.01)
    return figure


def _latency(results: Results) -> Any:
    records = [one for one in results.of("latency") if one.runs]
    if not records:
        return None
    records.sort(key=lambda one: one.median("start_p50") or 0, reverse=True)
    names = [one.name for one in records]
    figure, axes = _figure(7, 1 + 0.19 * len(records))
    for key, colour, shape in (("start", _BLUE, "o"), ("result", _ORANGE, "s")):
        for percentile, fill in (("p50", colour), ("p99", "none")):
            values = [one.median(f"{key}_{percentile}") for one in records]
            known = [(v, n) for v, n in zip(values, names, strict=True) if v]
            axes.scatter(
                [value for value, _ in known],
                [name for _, name in known],
                marker=shape,
                s=18,
                facecolors=fill,
                edgecolors=colour,
                label=f"to {key}, {percentile}",
            )
    axes.set_xscale("log")
    axes.set_xlabel("ms from calling enqueue, the worker idle")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=7)
    return figure


def _mixed(results: Results) -> Any:
    records = [one for one in results.of("mixed") if one.runs]
    if not records:
        return None
    figure, (left, right) = _figure(9, 3.6, 1, 2)
    for axes, key, title in (
        (left, "waits", "ms from enqueue to start"),
        (right, "held_up", "of these, ms while a place was free"),
    ):
        axes.set_prop_cycle(color=_OTHERS)
        for one in records:
            values = [max(value, 0.05) for value in one.values(key)]
            look = {"linewidth": 2.2, "color": _BLUE} if one.system == _OURS else {"linewidth": 1}
            axes.plot(values, range(len(values)), label=one.name, **look)
        axes.set_xscale("log")
        axes.set_xlabel(title)
        axes.set_ylabel("% of the fast jobs")
        axes.grid(alpha=0.3)
    left.legend(fontsize=7)
    return figure


def _scale(results: Results) -> Any:
    records = [one for one in results.of("scale") if one.runs]
    if not records:
        return None
    figure, grid = _figure(2.6 * len(records), 4.6, 2, len(records))
    for column, one in enumerate(records):
        panels = [row[column] for row in grid] if len(records) > 1 else list(grid)
        for axes, unit, title in zip(
            panels, ("us", "commands"), ("server µs", "commands"), strict=True
        ):
            for verb, colour in (("enqueue", _ORANGE), ("run", _BLUE)):
                axes.plot(
                    one.values("levels"),
                    one.values(f"{verb}_{unit}"),
                    "o-",
                    color=colour,
                    label=verb,
                )
            axes.set_xscale("log")
            axes.set_xticks(one.values("levels"), [_short(level) for level in one.values("levels")])
            axes.minorticks_off()
            axes.set_ylim(0, axes.get_ylim()[1] * _ROOM)
            axes.grid(alpha=0.3)
            axes.set_xlabel(_UNITS.get(one.what, one.what))
            if column == 0:
                axes.set_ylabel(f"{title} per job")
                axes.legend(fontsize=7)
    return figure


def _cluster(results: Results) -> Any:
    records = [one for one in results.of("cluster") if one.runs]
    model = Model.of(records)
    if model is None:
        return None
    figure, (left, right) = _figure(9, 3.4, 1, 2)
    width = 0.8 / len(_BARS)
    for number, (key, colour, name) in enumerate(_BARS):
        left.bar(
            [place + (number - len(_BARS) // 2) * width for place in range(len(records))],
            [one.median(key) for one in records],
            width * 0.9,
            color=colour,
            label=name,
        )
    left.set_xticks(range(len(records)), [one.what.replace(" namespaces", "") for one in records])
    left.set_xlabel("namespaces")
    left.set_ylabel("server µs per job")
    left.set_ylim(0, left.get_ylim()[1] * 1.4)
    left.legend(fontsize=7)
    right.plot(
        PRIMARIES, [model.jobs_per_s(count) / 1e3 for count in PRIMARIES], "o--", color=_BLUE
    )
    right.set_xticks(PRIMARIES)
    right.set_xlim(0)
    right.set_ylim(0)
    right.grid(alpha=0.3)
    right.set_xlabel("primaries")
    right.set_ylabel("a model: 1,000 jobs/s allowed")
    return figure


def _short(number: float) -> str:
    """A number of jobs, such as 10k."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def _colour(record: Record) -> str:
    return _BLUE if record.system == _OURS else _GREY


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
