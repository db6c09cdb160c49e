"""What a worker has done, counted for its registration and told in its log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import monotonic
from typing import Final

from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.ops.settle import Outcome

log = logging.getLogger("workhorse.worker")

LONGEST: Final = 300
"""How much of a description or an error is told, characters."""
LINES_PER_SECOND: Final = 20
"""How many jobs a second are told one by one; beyond that they are summed up."""
_GOOD: Final = frozenset(("finish", "repeat"))
_PAST = {
    "finish": "finished",
    "fail": "failed",
    "stop": "was stopped",
    "retry": "will be retried",
    "repeat": "finished, and will repeat",
    "release": "given back",
}


class Tally:
    """Counts outcomes and tells the log about them.

    Attributes:
        successful: Jobs that finished.
        failed: Runs that failed, retried ones included.
        working_ms: How long functions ran, together.
    """

    def __init__(self, *, descriptions: bool) -> None:
        self.successful = 0
        self.failed = 0
        self.working_ms = 0
        self._descriptions = descriptions
        self._until = 0.0
        self._lines = 0
        self._untold: dict[str, int] = {}

    def started(self, leases: Sequence[Lease]) -> None:
        """Jobs were claimed."""
        if not log.isEnabledFor(logging.INFO):
            return
        for at, lease in enumerate(leases):
            if not self._may_tell("started"):
                # Nor are those behind it, within the same moment.
                self._untold["started"] += len(leases) - at - 1
                return
            log.info("%s: %s", lease.queue, self._name(lease), extra=facts(lease))

    def ended(self, lease: Lease, report: Report, outcome: Outcome) -> None:
        """A job came to an outcome."""
        self.working_ms += report.ran // 1000
        if outcome.kind in _GOOD:
            self.successful += 1
            level = logging.INFO
        else:
            self.failed += 1
            level = logging.WARNING
        if not log.isEnabledFor(level) or not self._may_tell(_PAST[outcome.kind]):
            return
        more = {**facts(lease), "outcome": outcome.kind, "duration_ms": report.ran / 1000}
        said = f"{_PAST[outcome.kind]} after {_duration(report.ran)}"
        if outcome.kind in {"retry", "repeat"}:
            said += f", in {outcome.wait / 1000:g} s"
        if outcome.kind not in {"finish", "repeat"}:
            said += f": {_last_line(report)}"
        log.log(level, "%s: %s %s", lease.queue, self._name(lease), said, extra=more)

    def sum_up(self) -> None:
        """Tell what was not told one by one; once a second while there is something."""
        for what, number in self._untold.items():
            log.info("%s more jobs %s", f"{number:,}", what)
        self._untold.clear()

    def _may_tell(self, what: str) -> bool:
        now = monotonic()
        if now >= self._until:
            self.sum_up()
            self._until, self._lines = now + 1.0, 0
        self._lines += 1
        if self._lines <= LINES_PER_SECOND:
            return True
        self._untold[what] = self._untold.get(what, 0) + 1
        return False

    def _name(self, lease: Lease) -> str:
        what = lease.text(b"description") if self._descriptions else ""
        return one_line(f"{what or lease.function} ({lease.id})")


def facts(lease: Lease) -> dict[str, object]:
    """What JSON log lines say of a job."""
    return {
        "job_id": lease.id,
        "queue": lease.queue,
        "function": lease.function,
        "attempt": lease.attempt,
    }


def _duration(microseconds: int) -> str:
    milliseconds, seconds = microseconds / 1e3, microseconds / 1e6
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{milliseconds:.1f} ms" if milliseconds >= 1 else f"{microseconds} µs"


def _last_line(report: Report) -> str:
    text = report.what.decode("utf-8", "replace").strip()
    line = text.splitlines()[-1] if text else report.policy
    return one_line(line)


def one_line(text: str, most: int = LONGEST) -> str:
    """The text as it may stand in a log: what others wrote must not look like lines of ours."""
    return "".join(c if c.isprintable() else "?" for c in text[:most])
