"""Tell Sentry of jobs that failed: handlers for a worker, which run in its horses.

`workhorse worker --sentry-dsn DSN` names them; so can a program:

    Worker(..., exception_handlers=["workhorse.integrations.sentry.report"])

A client of the program's own (`sentry_sdk.init(...)` in a module that jobs import, or in one that
is preloaded) is made use of as it is; without one, it is made of SENTRY_DSN, SENTRY_ENVIRONMENT,
SENTRY_RELEASE and SENTRY_DEBUG. Arguments are told only with `send_default_pii=True`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from types import TracebackType
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.utils import event_from_exception

from workhorse.exceptions import (
    DeserializationError,
    JobTimeoutException,
    WorkHorseDied,
    exception_names,
)
from workhorse.job import Job
from workhorse.policies import Retry
from workhorse.worker.obituary import TIMED_OUT

FLUSH = 2.0
"""How long an event may take to leave, seconds: the horse may end right after its job."""


def set_up() -> None:
    """Begin to speak to Sentry, unless this process does or nobody said where it is."""
    if not sentry_sdk.get_client().is_active() and os.environ.get("SENTRY_DSN"):
        sentry_sdk.init()
        # A worker without horses logs each failure in this process: that would tell it twice.
        ignore_logger("workhorse.worker")


def report(
    job: Job, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Tell of a job that has failed for good; one that will be retried may still finish.

    One that was refused, and so has no traceback, is not retried.
    """
    if trace is None or not _is_retried(job, kind):
        _tell(job, (kind, error, trace))


def mourn(job: Job, pid: int, status: int | None, usage: Any) -> None:  # noqa: ANN401 - what `wait3` gives
    """Tell of a job that has failed for good because its horse, *pid*, died or was killed."""
    del status, usage  # the worker has said of them what there is to say
    kind, said = _died_of(job.record.exc_info or "")
    if not _is_retried(job, kind):
        _tell(job, (kind, kind(f"{said} (pid {pid})"), None))


def _died_of(told: str) -> tuple[type[BaseException], str]:
    """What the worker says that a job died of: its time was over, or its horse died."""
    name, _, said = told.partition("\n\n")[0].partition(": ")
    return (JobTimeoutException if name == TIMED_OUT else WorkHorseDied), said


def _is_retried(job: Job, kind: type[BaseException]) -> bool:
    """Whether the job's `Retry` will have it run again after this."""
    text = job.record.retry
    try:
        applies = bool(text) and Retry.from_text(text).applies_to(exception_names(kind))
    except ValueError:  # nobody can read it: the worker will not retry, either
        return False
    return applies and bool(job.retries_left)


def _tell(job: Job, words: tuple[type[BaseException], BaseException, TracebackType | None]) -> None:
    set_up()
    client = sentry_sdk.get_client()
    if not client.is_active():
        return
    event, hint = event_from_exception(
        words, client_options=client.options, mechanism={"type": "workhorse", "handled": False}
    )
    if issubclass(words[0], JobTimeoutException):
        # Where it happens to be when its time is up makes no other problem of it.
        event["fingerprint"] = ["workhorse", "JobTimeoutException", job.func_name]
    with sentry_sdk.new_scope() as scope:
        scope.set_transaction_name(job.func_name, source="task")
        for tag, value in (("job_id", job.id), ("queue", job.origin), ("function", job.func_name)):
            scope.set_tag(tag, value)
        scope.set_context("job", _context(job, private=bool(client.options["send_default_pii"])))
        sentry_sdk.capture_event(event, hint=hint)
    sentry_sdk.flush(FLUSH)


def _context(job: Job, *, private: bool) -> dict[str, Any]:
    moments = {"enqueued_at": job.enqueued_at, "started_at": job.started_at}
    told: dict[str, Any] = {
        "id": job.id,
        "queue": job.origin,
        "function": job.func_name,
        "attempt": job.record.attempt,
        "worker": job.worker_name,
        **{name: moment.isoformat() for name, moment in moments.items() if moment},
    }
    if private:  # the description shows arguments as well
        told["description"] = job.description
        with suppress(DeserializationError):  # it may have been refused for them
            told |= {"args": job.args, "kwargs": job.kwargs}
    return told
