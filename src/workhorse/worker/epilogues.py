"""Jobs whose horse died, while the user's handler for that hears of it in another horse.

The outcome of such a job waits until its handler has run: so the handler is called at least once
before anybody else learns of the failure. If the worker dies meanwhile, the job is delivered
again. The supervisor imports none of the user's code, and calls no handler itself.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.worker import obituary

if TYPE_CHECKING:
    from workhorse.job import Job

log = logging.getLogger("workhorse.worker")


class Epilogues:
    """Stands between those that end jobs and those that settle them.

    Args:
        wanted: Whether there is a handler.
        settled: Called with each lease and its report.

    Attributes:
        backlog: Where leases wait for a horse; theirs is the team's.
    """

    def __init__(self, settled: Callable[[Lease, Report], None], *, wanted: bool) -> None:
        self._wanted = wanted
        self._settled = settled
        self._waiting: dict[tuple[str, str], Report] = {}
        self.backlog: Callable[[], deque[Lease]] = deque

    def ended(self, lease: Lease, report: Report) -> None:
        """A run came to its end; or a handler's, of which only its failure is told."""
        if lease.after is None or not self._wanted or _is_stopped(report):
            if self._waiting:
                self._waiting.pop((lease.id, lease.token), None)
            self._settled(lease, report)
            return
        first = self._waiting.pop((lease.id, lease.token), None)
        if first is None:
            self._waiting[lease.id, lease.token] = report
            lease.after = (*lease.after, report.what)
            self.backlog().append(lease)
            return
        if report.kind != "finished" and report.what:
            text = report.what.decode("utf-8", "replace")
            log.error("the handler for killed work horses failed for job %s:\n%s", lease.id, text)
        self._settled(lease, first)


def farewell(handlers: Sequence[str], after: Sequence[object]) -> Callable[[Job], None]:
    """What calls the handlers with a job, one after the other; in a horse.

    Args:
        handlers: Their dotted names.
        after: The pid of the horse that died, what wait() said of it, and what it had used; None
            where nobody knows.

    Raises:
        NotImportable: There is no such function.

    One that fails keeps no other from being called.
    """
    from workhorse.callables.importing import resolve  # noqa: PLC0415 - the supervisor needs none

    functions = [resolve(handler) for handler in handlers]
    pid, status, used = after

    def tell(job: Job) -> None:
        usage: Any = None
        if isinstance(used, Sequence):
            import resource  # noqa: PLC0415 - only where one died

            usage = resource.struct_rusage(used)
        wrong: list[Exception] = []
        for function in functions:
            try:
                function(job, pid, status, usage)
            except Exception as error:  # noqa: BLE001 - the others are to hear of it as well
                wrong.append(error)
        if len(wrong) == 1:
            raise wrong[0]
        if wrong:
            raise ExceptionGroup("handlers for killed work horses failed", wrong)

    return tell


def _is_stopped(report: Report) -> bool:
    """Whether the horse was killed because somebody wanted the job to end."""
    return report.what.startswith(obituary.STOPPED.encode())
