"""What `workhorse demo` shows."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import click

from workhorse.cli.ink import Ink, columns, count, one_line, printable, span
from workhorse.demo.play import TROUBLES, Cast, ended
from workhorse.demo.stage import HORSES, Stage
from workhorse.demo.texts import Totals
from workhorse.embedded.choosing import why_not_embedded
from workhorse.exceptions import NoServerError
from workhorse.job import Job
from workhorse.ops.queues import QueueCounts
from workhorse.states import JobStatus

_UP = "\x1b[{}A"
_CLEAR_LINE = "\x1b[K"
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_QUARTERS = 4


class Screen:
    """The demo's audience: a terminal with moving bars, or a file with a few lines."""

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        self._drawn = 0
        self._quarter = 0
        self._began = time.monotonic()

    def title(self, place: Path, texts: Sequence[Path], *, own: bool) -> None:
        """Say what will be done."""
        ink = self._ink
        size = sum(path.stat().st_size for path in texts) / 1e6
        what = "Python's own sources" if own else "text files"
        ink.say()
        ink.say(
            f"{ink.bold('Workhorse')} counts the words of {len(texts):,} files, "
            f"{size:.1f} MB of {what}"
        )
        ink.say(ink.dim(f"in {printable(str(place))}"))
        ink.say()

    def scene(self, stage: Stage) -> None:
        """Say where it happens."""
        ink = self._ink
        rows = [
            ("server", stage.server),
            ("", ink.cyan(str(stage.connection))),
            ("worker", f"a process with {HORSES} work horses, pid {stage.worker.pid}"),
            ("look on", ink.cyan(f"workhorse info -i 1 {stage.options}")),
        ]
        for line in columns([(ink.dim(name), text) for name, text in rows]):
            ink.say(f"  {line}")
        ink.say()

    def close(self) -> None:
        """Give the cursor back, wherever the demo was."""
        if self._drawn:
            click.echo(_SHOW, nl=False, color=True)

    def enqueued(self, cast: Cast, took: float) -> None:
        """Say what was enqueued."""
        jobs = sum(cast.size.values())
        self._ink.say(
            f"  {count(jobs, 'job')} enqueued in {span(took)}, "
            f"{len(TROUBLES)} of them in for trouble"
        )
        self._ink.say()
        self._began = time.monotonic()

    def progress(self, counts: Sequence[QueueCounts], cast: Cast) -> None:
        """Draw a bar for each queue; where nobody watches, write a line for each quarter."""
        ink = self._ink
        total = sum(cast.size.values())
        done = sum(map(ended, counts))
        if not ink.live:
            quarter = done * _QUARTERS // total
            if quarter > self._quarter:
                self._quarter = quarter
                ink.say(f"  {done:,} of {total:,} jobs have ended after {self._elapsed()}")
            return
        lines = [self._bar(queue, cast.size[queue.name]) for queue in counts]
        left = total - done
        lines.append(ink.dim(f"  {self._elapsed()}, {count(left, 'job')} left"))
        up = _UP.format(self._drawn) if self._drawn else _HIDE
        text = "".join(f"{line}{_CLEAR_LINE}\n" for line in lines)
        self._drawn = len(lines)
        click.echo(f"{up}{text}", nl=False, color=True)

    def outcomes(self, cast: Cast, totals: Totals) -> None:
        """A table of what became of each kind of job."""
        ink = self._ink
        top = ", ".join(f"{name} {number:,}" for name, number in totals.names.most_common(3))
        words = f"{totals.words:,} words in {totals.lines:,} lines"
        good = ink.green(f"{self._sign(good=True)} finished")
        rows = [
            (f"{len(cast.count):>6,}", "count the words of a file", good, words),
            (f"{len(cast.rank):>6,}", "rank the names in a file", good, one_line(top)),
        ]
        for trouble, job in zip(TROUBLES, cast.troubles, strict=True):
            job.refresh()
            finished = job.get_status(refresh=False) is JobStatus.FINISHED
            said = str(job.return_value()) if finished else _why(job)
            status = good if finished else ink.red(f"{self._sign(good=False)} failed")
            rows.append((f"{1:>6}", trouble.what, status, said))
        ink.say()
        ink.say(ink.bold("What became of them"))
        last = max(20, ink.width - _width_before_last(rows))
        for line in columns([row for given in rows for row in _folded(given, last)]):
            ink.say(line)

    def places(self, stage: Stage, cast: Cast, *, keep: bool) -> None:
        """Say where the results lie, and show how to look at one."""
        ink = self._ink
        job = cast.count[0]
        ink.say()
        ink.say(ink.bold("Where the results lie"))
        ink.say(f"  {ink.cyan(job.key)}")
        ink.say(f"    a hash; its field {ink.cyan('result')} holds what the function returned")
        ink.say(f"  {ink.cyan(job.connection.keys.failed('count'))}")
        ink.say("    a sorted set: the ids of the failed jobs of the queue 'count'")
        shown = f"workhorse job {job.id} --decode"
        ink.say()
        ink.say(f"  {ink.dim('$')} {shown}" + (f" {stage.options}" if keep else ""))
        for line in _page(stage, job, colour=ink.colour):
            ink.say(f"  {line}")

    def verdict(self, took: float, alone: float, *, agree: bool) -> None:
        """Say whether the totals are right."""
        ink = self._ink
        ink.say()
        dye = ink.green if agree else ink.red
        word = "agree with" if agree else "DIFFER from"
        ink.say(
            dye(f"{self._sign(good=agree)} The totals {word} those of a plain loop in one process.")
        )
        ink.say(
            ink.dim(
                f"  The jobs took {span(took)}, of which a horse hung for 2 s; "
                f"the loop took {span(alone)}."
            )
        )

    def farewell(self, *, keep: bool) -> None:
        """Say what to do next."""
        ink = self._ink
        ink.say()
        ink.say(ink.bold("Your turn"))
        rows = [
            *_permission(),
            ("workhorse worker", "in one terminal"),
            ("workhorse enqueue math.sqrt %2 --wait", "in another"),
            ("workhorse server stop", "when you have looked around")
            if keep
            else ("workhorse demo --keep", "leaves everything there to look around"),
        ]
        for line in columns([(ink.cyan(text), ink.dim(what)) for text, what in rows]):
            ink.say(f"  {line}")
        ink.say()

    def _bar(self, queue: QueueCounts, size: int) -> str:
        ink = self._ink
        done = ended(queue)
        width = max(10, min(50, ink.width - 45))
        line = f"  {queue.name:<6} {ink.green(ink.bar(done / size, width))} {done:>5,}/{size:,}"
        notes = [f"{queue.started} running"] if queue.started else []
        if queue.failed:
            notes.append(ink.red(f"{queue.failed} failed"))
        return line + ("  " + ", ".join(notes) if notes else "")

    def _sign(self, *, good: bool) -> str:
        if self._ink.unicode:
            return "✓" if good else "✗"
        return "+" if good else "-"

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.1f} s"


def _permission() -> list[tuple[str, str]]:
    """What has to be said before the embedded server may be used."""
    try:
        if os.environ.get("WORKHORSE_URL") or why_not_embedded() is None:
            return []
    except NoServerError:  # the variable makes no sense as it is
        pass
    return [("export WORKHORSE_EMBEDDED=always", "a server will be started, in containers too")]


def _page(stage: Stage, job: Job, *, colour: bool) -> list[str]:
    """What `workhorse job` prints."""
    environment = {
        **os.environ,
        "FORCE_COLOR" if colour else "NO_COLOR": "1",
        # Not among the words: a URL may have a password in it.
        "WORKHORSE_URL": stage.connection.url,
        "WORKHORSE_NAMESPACE": stage.connection.namespace,
    }
    ran = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "workhorse", "job", job.id, "--decode"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return (ran.stdout or ran.stderr).splitlines()


def _why(job: Job) -> str:
    """The last line of its traceback; our own exceptions speak for themselves, without a name."""
    for line in reversed((job.exc_info or "").splitlines()):
        kind, colon, text = line.partition(": ")
        if colon and kind.replace(".", "").isidentifier():
            return one_line(text if kind.startswith("workhorse.") else line)
    return one_line(job.exc_info or "")


def _width_before_last(rows: Sequence[tuple[str, ...]]) -> int:
    """Where the last column begins."""
    before = columns([(*row[:-1], "|") for row in rows])
    return len(click.unstyle(before[0])) - 1


def _folded(row: tuple[str, ...], width: int) -> list[tuple[str, ...]]:
    """The row, and rows that go on with its last cell where that is too wide."""
    first, *rest = textwrap.wrap(row[-1], width) or [""]
    blank = ("",) * (len(row) - 1)
    return [(*row[:-1], first), *((*blank, text) for text in rest)]
