"""What RQ's `Job` says of itself in words that ours does not have: all of it is in the record."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from workhorse import job, policies
from workhorse.compat.rq import jobdict
from workhorse.compat.rq.statuses import JobStatus
from workhorse.drivers import run
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError
from workhorse.ops import workers
from workhorse.records import as_datetime

if TYPE_CHECKING:
    from workhorse.compat.rq.results import Result


class JobWords(job.Job):
    """A part of `workhorse.compat.rq.job.Job`: it asks, and changes nothing."""

    def __repr__(self) -> str:
        at = self.enqueued_at if self._is_known else None
        return f"{type(self).__name__}({self.id!r}, enqueued_at={at!r})"

    def __str__(self) -> str:
        what = self.description if self._is_known else None
        return f"<{type(self).__name__} {self.id}: {what}>"

    @property
    def _is_known(self) -> bool:
        """Whether it can be shown without asking the server."""
        return self._record is not None or self._sent is not None

    def to_dict(self, include_meta: bool = True, include_result: bool = True) -> dict[str, Any]:
        """The job as it was last seen, as plain values: for logs, and to be shown.

        Args:
            include_meta: With its `meta`, encoded.
            include_result: With what it returned, encoded, or its traceback.
        """
        return jobdict.as_dict(self, include_meta=include_meta, include_result=include_result)

    def get_status(self, refresh: bool = True) -> JobStatus:  # type: ignore[override]  # RQ's word
        """Where the job is in its life.

        Raises:
            InvalidJobOperation: It expired or was deleted.
        """
        try:
            return JobStatus(super().get_status(refresh).value)
        except NoSuchJobError as error:
            raise InvalidJobOperation(str(error)) from error

    def results(self) -> list[Result]:  # type: ignore[override]  # RQ's own
        """The runs that are remembered, newest first."""
        from workhorse.compat.rq import results

        return results.Result.all(self)

    def latest_result(self, timeout: float = 0) -> Result | None:  # type: ignore[override]  # likewise
        """The newest run and what came of it; None if no run has ended.

        Args:
            timeout: Wait up to so many seconds for the job to end.
        """
        from workhorse.compat.rq import results

        return results.Result.fetch_latest(self, timeout=timeout)

    @property
    def is_ready_to_enqueue(self) -> bool:
        """False: a job whose dependencies are met is in its queue, in the same step."""
        return False

    @property
    def last_heartbeat(self) -> datetime | None:
        """When the worker that runs it, or ran it last, last beat."""
        if not self.worker_name:
            return None
        found = run(self._way, workers.find(self._keys, self.worker_name))
        return as_datetime(found.last_heartbeat) if found else None

    def get_ttl(self, default_ttl: int | None = None) -> int | None:
        """How long it may wait in its queue, seconds."""
        return default_ttl if self.ttl is None else self.ttl

    def get_result_ttl(self, default_ttl: int) -> int:
        """How long it is kept once it has finished, seconds."""
        return default_ttl if self.result_ttl is None else self.result_ttl

    @property
    def retry_intervals(self) -> list[float] | None:
        """The pauses before its retries, seconds."""
        text = self.record.retry
        return list(policies.Retry.from_text(text).interval) if text else None

    @property
    def repeat_intervals(self) -> list[float] | None:
        """The pauses before its next runs, seconds."""
        text = self.record.repeat
        return list(policies.Repeat.from_text(text).interval) if text else None

    @property
    def should_retry(self) -> bool:
        """Whether it runs again if it fails."""
        return bool(self.retries_left)

    @property
    def enqueue_at_front_on_retry(self) -> bool:
        """Whether a retry goes to the head of its queue."""
        text = self.record.retry
        return bool(text) and policies.Retry.from_text(text).enqueue_at_front

    @property
    def has_rate_limit(self) -> bool:
        """Whether it shares a limit with others."""
        return self.rate_limit is not None

    @property
    def rate_limit_key(self) -> str | None:
        """The name of that limit."""
        return self.rate_limit.key if self.rate_limit else None

    @property
    def rate_limit_concurrency(self) -> int | None:
        """How many of them may be in queues or run at a time."""
        return self.rate_limit.concurrency if self.rate_limit else None

    @property
    def dependency_ids(self) -> list[str]:
        """The ids of the jobs that it was to wait for."""
        return [_Id(found) for found in super().dependency_ids]

    _dependency_ids = dependency_ids

    @property
    def dependency(self) -> Self | None:
        """The first job that it was to wait for, or None."""
        found = self.fetch_dependencies()
        return found[0] if found else None

    def fetch_dependencies(self, watch: bool = False, pipeline: object = None) -> list[Self]:
        """The jobs that it was to wait for and that are still kept."""
        refuse(watch or pipeline is not None, "watch")
        found = run(self._way, self._fetch_many(self._source, self.dependency_ids))
        return [one for one in found if one is not None]


class _Id(str):
    """An id; rq-dashboard takes it for bytes."""

    __slots__ = ()

    def decode(self, _encoding: str = "utf-8") -> str:
        return str(self)


def refuse(given: bool, what: str) -> None:
    """Say what an argument of RQ's cannot mean here, if it is given.

    Raises:
        NotImplementedError: It is.
    """
    if given:
        raise NotImplementedError(f"{what}= has no meaning here: this is one step by itself")
