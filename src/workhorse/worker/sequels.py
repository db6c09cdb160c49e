"""Jobs that follow another: a callback whose job has no horse left to call it, and webhooks.

What such a job is called with is found when it runs; see `workhorse.followups`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from workhorse import current, exceptions
from workhorse.exceptions import JobFailedError, NoSuchJobError, RefusedPayload
from workhorse.followups import webhook_of
from workhorse.job import Job
from workhorse.ops.hooks import follows
from workhorse.records import JobRecord
from workhorse.sources import Source
from workhorse.states import JobStatus
from workhorse.webhook import told_of
from workhorse.worker.handoff import HandedJob

_DIGITS = 15
_STATUS = {"died": JobStatus.FAILED, "stopped": JobStatus.STOPPED}


class Sequel:
    """The function of a job that follows another; called without arguments.

    Args:
        job: The job that follows.
        source: Where the other one is.
        function: The callback, or what delivers a webhook.
        args: The sealed arguments.

    Raises:
        RefusedPayload: It follows no job, or another one.
    """

    def __init__(
        self, job: HandedJob, source: Source, function: Callable[..., Any], args: Sequence[Any]
    ) -> None:
        self._kind = job.fields[b"follows"].decode("utf-8", "replace")
        self._followed_id = job.fields.get(b"of", b"").decode("utf-8", "replace")
        if self._kind not in {*_STATUS, "webhook"} or not follows(job.id, self._followed_id):
            raise RefusedPayload(f"job {job.id!r} does not follow {self._followed_id!r:.200}")
        self._job = job
        self._source = source
        self._function = function
        self._args = args
        self.__name__ = getattr(function, "__name__", "callback")

    def __call__(self) -> Any:  # noqa: ANN401 - None, or a coroutine
        """Call it."""
        if self._kind == "webhook":
            return self._delivered()
        job = self._followed()
        if self._kind == "stopped":
            return self._function(job, job.connection)
        error = self._error(job)
        return self._function(job, job.connection, type(error), error, None)

    def _followed(self) -> Job:
        """The job that this one follows; if it is gone, what is known of it."""
        job_id = self._followed_id
        job: Job = (current.make_handle or Job)(job_id, self._source)
        try:
            job.refresh()
        except NoSuchJobError:
            status = _STATUS[self._kind]
            record = JobRecord(job_id, status, self._job.queue, exc_info=self._exc_info or None)
            job.seen(record)
        return job

    def _error(self, job: Job) -> BaseException:
        """What the job failed of, as an exception; the text names it."""
        told = self._exc_info
        name, _, text = told.partition("\n\n")[0].partition(": ")
        module, _, name = name.rpartition(".")
        kind = getattr(exceptions, name, None) if module == exceptions.__name__ else None
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            return JobFailedError(job.id, "failed", told)
        try:
            return kind(text)
        except TypeError:
            return JobFailedError(job.id, "failed", told)

    def _delivered(self) -> None:
        func, webhook = webhook_of(self._job.id, self._args)
        # This job was made in the moment in which the other one ended.
        times = self._moment(b"of_enqueued_at"), self._moment(b"created_at")
        told = told_of(self._followed_id, func, webhook.job_status, times, self._exc_info)
        self._function(webhook, told, self._job.id)

    def _moment(self, field: bytes) -> int | None:
        """What a field says, ms since 1970; None if that is garbage."""
        text = self._job.fields.get(field, b"")
        return int(text) if text.isdigit() and len(text) <= _DIGITS else None

    @property
    def _exc_info(self) -> str:
        return self._job.fields.get(b"of_exc_info", b"").decode("utf-8", "replace")
