"""The report: on the screen, and as a page of the documentation. Both are made from the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.records import Results
from benchmarks.systems.catalogue import OURS, SYSTEMS
from benchmarks.tables import Row, Table, losses, tables
from benchmarks.targets import TARGETS

NOISY = 0.25
"""Processors in use by other programs that make a run doubtful."""
_LONGEST_REASON = 160
_LEGEND = """\
*Runs a lost job again*: a job that was taken when its worker was killed is run by another one,
after a while and without being asked. That is what the system's documentation or source says, it
was not measured here; what a crashing job does to its own worker was, see below.
"""
_PLOTS = {
    "drain": ("drain.svg", "No-op jobs per second of one worker"),
    "latency": ("latency.svg", "Latency of single jobs"),
    "mixed": ("mixed.svg", "Waiting times in a mixed queue"),
    "scale": ("scale.svg", "Cost of an operation by how much there is"),
    "cluster": ("cluster.svg", "Cost of a job on each primary, and a model for more of them"),
}
_HOW = """\
Each system's released package has an environment of its own, and is used by its public API as
its documentation shows it, results switched on, its defaults unless the variant's name says
otherwise; the second variant is the best that we know of. One server and one worker at a time;
subjects take turns (A B C, A B C). A job stamps its start and end into shared memory, so that
rates and latencies are those of the jobs and cost the server nothing; that each job ran once is
checked there, and a sample of 200 results is read back (`(!)`: some were missing). Rates go from
the start of the first job to the end of the last. Costs are per job: *commands* are those within
scripts and transactions too; *reads* are how often the server read from a connection, about one
for each round trip; *server CPU* is that of the whole server, polling included; *worker CPU*
includes booting. Systems without a way to wait for a result were asked every millisecond.
Jobs that fail once are tried again at once, or after a millisecond, where the system lets us
say so; streaQ, tarsk, mayu and TaskTiger have clocks of their own for it. The Cluster's
primaries, and the server that they are compared with, are further ones, all on loopback TCP.

All of it is made by `make bench`, in about half an hour on a machine that does nothing else.
Parts of it: `python -m benchmarks --measures drain latency --systems Workhorse blitzq` replaces
those rows, `--resume` adds those that are missing, `--report` writes this page again from
`docs/benchmarks/results.json`, and `--quick` shows a short run of a few on the screen.

The plots are drawn with Matplotlib, in an environment of its own like those of the peers: it is
needed neither to use Workhorse nor to develop it.
"""


def text(results: Results) -> str:
    """For a terminal."""
    lines = [f"{name}: {value}" for name, value in results.conditions.items()]
    for measure, parts in tables(results):
        lines += ["", f"{measure.name}. {measure.title}"]
        for part in parts:
            lines += [f"- {part.title}"] if part.title else []
            lines += [f"  {line}" for line in part.note.splitlines()]
            lines += _aligned([part.head, *part.rows])
            lines += [f"  FAILED {failure}" for failure in part.failures]
    lines += ["", *(f"Not measured: {name}: {why}" for name, why in results.absent.items())]
    lines += ["", *_aligned(list(_targets(results))), "", *_noise(results)]
    return "\n".join(lines)


def page(results: Results) -> str:
    """For `docs/`, in Markdown."""
    lines = ["# Benchmarks", "", "Written by `make bench`; do not edit it.", ""]
    lines += [_HOW, "## Conditions", ""]
    lines += [f"* {name}: {value}" for name, value in results.conditions.items()]
    lines += [f"* {line}" for line in _noise(results)]
    lines += ["", "## The systems", "", *_marked(list(_systems(results)))]
    lines += ["", _LEGEND, "", "## What was to be reached", ""]
    lines += _marked(list(_targets(results)))
    lines += ["", "## Rows that we lose", "", *_lost(results)]
    if results.absent:
        lines += ["", "## Systems that could not be measured", ""]
        lines += [f"* {name}: {_short(why)}" for name, why in results.absent.items()]
    for measure, parts in tables(results):
        lines += ["", f"## {measure.title}", "", *_plot(measure.name)]
        for part in parts:
            lines += [*_section(part), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(part: Table) -> Iterator[str]:
    if part.title:
        yield f"### {part.title}"
        yield ""
    if part.note:
        yield part.note
    if part.rows:
        yield from _marked([part.head, *part.rows])
    for failure in part.failures:
        yield ""
        yield f"Failed: {_short(failure)}"


def _plot(measure: str) -> list[str]:
    if measure not in _PLOTS:
        return []
    file, title = _PLOTS[measure]
    return [f"![{title}](benchmarks/{file})", ""]


def _systems(results: Results) -> Iterator[Row]:
    yield ["", "version", "results", "runs a lost job again", ""]
    for one in SYSTEMS:
        variants = one.variants.values()
        yield [
            one.name,
            results.versions.get(one.name, "-"),
            "yes" if "results" in one.can else "no",
            _share([variant.promises for variant in variants]),
            one.note,
        ]


def _share(answers: Sequence[bool]) -> str:
    """Whether all variants, some or none."""
    return "yes" if all(answers) else "some variants" if any(answers) else "no"


def _targets(results: Results) -> Iterator[Row]:
    yield ["point", "", "must be", "is", ""]
    for target in TARGETS:
        yield [str(target.point), target.text, target.bound, *target.verdict(results)]


def _lost(results: Results) -> Iterator[str]:
    """Of each measure the figures in which a peer is better than our default."""
    rows = [
        [one.where, one.metric, one.ours, one.theirs, f"{one.times:,.2f}", one.best or "-"]
        for one in losses(results)
    ]
    if not rows:
        yield "None."
        return
    yield f"Where a peer, in any of its variants, is better than {OURS.name}'s default."
    yield ""
    head = ["measure", "figure", "ours", "theirs", "times better", "ours that are not worse"]
    yield from _marked([head, *rows])


def _noise(results: Results) -> Iterator[str]:
    """When it was measured, if not on one day, and what else the machine did."""
    days = sorted({one.when for one in results if one.when})
    if len(days) > 1:
        yield f"measured in parts, from {days[0]} to {days[-1]}"
    noise = [cores for one in results for cores in one.neighbours]
    if noise:
        loud = sum(cores > NOISY for cores in noise)
        yield (
            f"other programs used {median(noise):.2f} processors in the median run, and more "
            f"than {NOISY} in {loud} of {len(noise)} runs"
        )


def _marked(rows: Sequence[Row]) -> list[str]:
    """A table of Markdown; all columns but the first are numbers."""
    head, *others = [[cell.replace("|", "/") for cell in row] for row in rows]
    rule = ["---"] + ["--:"] * (len(head) - 1)
    return [f"| {' | '.join(row)} |" for row in (head, rule, *others)]


def _aligned(rows: Sequence[Row]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        first, *others = row
        cells = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join(("  " + first.ljust(widths[0]), *cells)).rstrip())
    return lines


def _short(reason: str) -> str:
    """The last line that says something, for what may be the end of a log."""
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    first, last = (lines[0], lines[-1]) if lines else ("", "")
    whole = first if first == last else f"{first} {last}"
    return whole if len(whole) <= _LONGEST_REASON else whole[:_LONGEST_REASON] + "…"
