"""What a horse died of, in words, as the report on the job that it died on."""

from __future__ import annotations

import os
import signal
from typing import Final

from workhorse.ops.reports import Report
from workhorse.worker.flights import Calling
from workhorse.worker.handoff import LOST_TOUCH
from workhorse.worker.kernel import signal_name
from workhorse.worker.timeouts import says

TIMED_OUT: Final = "workhorse.exceptions.JobTimeoutException"
STOPPED: Final = "workhorse.exceptions.JobStopped"
_DIED: Final = "workhorse.exceptions.WorkHorseDied"


def timed_out(seconds: float, calling: Calling | None = None) -> str:
    """The doom of a horse whose job, or a callback of it, did not end at its timeout."""
    what = "the job" if calling is None else f"the callback {calling.role}"
    return f"{TIMED_OUT}: {says(seconds, what)}, and its work horse was killed"


def too_large(size: int, limit: int) -> str:
    """The doom of a horse that took too much memory."""
    mib = 1024 * 1024
    return (
        f"{_DIED}: the work horse held {size / mib:,.0f} MiB of memory, more than "
        f"--max-horse-memory ({limit / mib:,.0f} MiB), and was killed"
    )


def deaf() -> str:
    """The doom of a horse whose loop hangs, and nobody knows in what."""
    return (
        f"{_DIED}: the event loop of the work horse hung in what some job had left there, such as "
        f"a callback, and was killed"
    )


def confused(error: Exception) -> str:
    """The doom of a horse that sent garbage."""
    return (
        f"{_DIED}: something in the work horse wrote to its worker what is no report ({error}); "
        f"a job must write only to what it opened"
    )


def killed(by: str) -> str:
    """The doom of a horse that somebody wanted to be killed."""
    return f"{_DIED}: the work horse was killed by {by}"


def stopped(why: str) -> str:
    """The end of a job that somebody wanted to end."""
    return f"{STOPPED}: {why}"


def killed_to_stop(why: str) -> str:
    """The doom of a horse whose job was to end, and could only be ended with it."""
    return f"{stopped(why)}, and its work horse was killed"


def report(
    doom: str, status: int | None, peak: int, ran: int, calling: Calling | None = None
) -> Report:
    """The report on the job that a horse died on.

    Args:
        doom: Why the supervisor killed it, or ''.
        status: What wait() said, or None if its stable died with it.
        peak: The most memory it held, kB, or 0.
        ran: How long the job had run, microseconds.
        calling: The callback of the job in which it died.
    """
    text = doom or f"{_DIED}: {cause(status, peak)}"
    if calling is not None and not doom:
        text += f", in the callback {calling.role}"
    if calling is not None and calling.before:
        text += f"\n\nThe job itself had failed before that:\n\n{calling.before}"
    names = [
        TIMED_OUT if text.startswith(TIMED_OUT) else _DIED,
        "workhorse.exceptions.WorkhorseError",
    ]
    return Report("failed", text.encode("utf-8", "replace"), ran, tuple(names), died=True)


def cause(status: int | None, peak: int) -> str:
    """One sentence on how a process ended that we did not kill."""
    if status is None:
        return "the work horse died together with its stable"
    code = os.waitstatus_to_exitcode(status)
    if code == LOST_TOUCH:
        return (
            "the job closed file descriptors of its work horse, so that nobody could learn how it "
            "ended; a job must close only what it opened"
        )
    if code >= 0:
        return (
            f"the work horse exited with status {code} before the job had ended; "
            f"a job must not call os._exit"
        )
    told = f"work horse died: signal {signal_name(-code)}"
    if -code == signal.SIGKILL:
        told += (
            f"; somebody killed it, or the system did because memory ran out "
            f"(it held up to {peak // 1024:,} MiB)"
        )
    return told
