"""What comes after a job's function: its callbacks, each a run of its own with its own time.

They run where the function ran, before anything is reported: so if the worker vanishes meanwhile,
the job with its callbacks runs again. A job that ended with its horse has nobody left to call them;
see `workhorse.followups`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import Final

from workhorse.exceptions import JobStopped, JobTimeoutException
from workhorse.ops.reports import MAX_TRACEBACK, Report
from workhorse.worker.execution import Kit, Run, prepare, since
from workhorse.worker.handoff import HandedJob
from workhorse.worker.timeouts import says

Tell = Callable[..., None]
"""Tells the supervisor something: `Voice.note`."""

_WRONG: Final = frozenset(("failed", "refused"))
_STORY: Final = MAX_TRACEBACK // 4
"""How much the supervisor is told of what went before a callback, bytes."""


def execute(job: HandedJob, kit: Kit, tell: Tell | None = None) -> Report:
    """Run a job and what comes after it, in this thread, and say how it went; never raises.

    Args:
        job: What was handed over.
        kit: What runs need.
        tell: Is told which callbacks begin.
    """
    run = prepare(job, kit)
    return run if isinstance(run, Report) else whole(run, tell)


def whole(run: Run, tell: Tell | None = None) -> Report:
    """The same, of a run that is ready."""
    return conclude(run, run.whole(), tell)


def conclude(run: Run, report: Report, tell: Tell | None = None) -> Report:
    """Run what comes after a run that has ended so, in this thread; the report on it all."""
    then = after(run, report)
    while isinstance(then, Run):
        if tell is not None:
            tell("calling", *words_of(then))
        then = after(then, then.whole())
    return then


def after(run: Run, report: Report) -> Run | Report:
    """What comes after a run that has ended so: another run, or the report on it all."""
    if not run.hooked:
        return report
    try:
        if run.hooks is None:
            run.hooks = _callbacks(run, report)
            return next(run.hooks)
        return run.hooks.send(report)
    except StopIteration as end:
        told: Report = end.value
        return told


def words_of(run: Run) -> tuple[str, ...]:
    """What the supervisor is told of a callback that begins, for it may end with its horse.

    The job, how many seconds the callback has, which it is, and how the job had ended.
    """
    before = run.before[-_STORY:].decode("utf-8", "replace")
    return run.job.id, f"{run.seconds!r}", run.role, before


def _callbacks(run: Run, report: Report) -> Generator[Run, Report, Report]:
    """The callbacks of a job, one after the other; then what is to be reported."""
    began, error = run.began, run.error
    on_success, on_failure = map(run.job.fields.get, (b"on_success", b"on_failure"))
    if report.kind == "finished" and on_success is not None:
        called = run.callback("on_success", on_success, run.value)
        said = _in_its_name(called, (yield called))
        if said.kind == "failed":
            report, error = said, called.error
        report = report._replace(ran=since(began))
    # Who is stopped is not failed.
    if report.kind == "failed" and on_failure is not None and not isinstance(error, JobStopped):
        trace = error.__traceback__ if error is not None else None
        called = run.callback("on_failure", on_failure, type(error), error, trace)
        called.before = report.what
        said = _in_its_name(called, (yield called))
        if said.kind == "failed":
            report = _both(report, said)
        report = report._replace(ran=since(began))
    if report.kind in _WRONG and error is not None and not isinstance(error, JobStopped):
        trace = error.__traceback__ if report.kind == "failed" else None
        for called in run.handlers(type(error), error, trace):
            called.before = report.what
            said = _in_its_name(called, (yield called))
            if said.kind == "failed":
                _complain(called, said)
            elif called.value is not None and not called.value:
                break  # a handler that returns something false is the last
        report = report._replace(ran=since(began))
    return report


def _complain(called: Run, said: Report) -> None:
    """An exception handler failed in turn: that goes to the log, and changes nothing."""
    text = said.what.decode("utf-8", "replace").rstrip()
    print(f"the {called.role} failed for job {called.job.id}:\n{text}", file=sys.stderr)  # noqa: T201 - a horse has no other log


def _in_its_name(called: Run, said: Report) -> Report:
    """The report on a callback; it is not the job that ran too long."""
    error = called.error
    if type(error) is not JobTimeoutException:
        return said
    text = says(called.seconds, f"the callback {called.role}")
    return called.failed(JobTimeoutException(text).with_traceback(error.__traceback__))


def _both(report: Report, said: Report) -> Report:
    """The failure of a job whose callback for that failed in turn: the job's comes first."""
    half = MAX_TRACEBACK // 2
    what = b"%b\n\nThe callback on_failure failed in turn:\n\n%b"
    return report._replace(what=what % (report.what[-half:].rstrip(), said.what[-half:]))
