"""What RQ's `Job` says of itself in words that ours does not have: all of it is in the record."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from workhorse.compat.clients import client_of
from workhorse.compat.rq.jobpolicies import JobPolicies
from workhorse.compat.rq.statuses import JobStatus
from workhorse.compat.rq.utils import get_version
from workhorse.drivers import run
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError
from workhorse.ops import workers
from workhorse.records import as_datetime

if TYPE_CHECKING:
    from workhorse.compat.rq.results import Result


class JobWords(JobPolicies):
    """A part of `workhorse.compat.rq.job.Job`: it asks, and changes nothing."""

    def get_status(self, refresh: bool = True) -> JobStatus:
        """Where the job is in its life.

        Raises:
            InvalidJobOperation: It expired or was deleted.
        """
        try:
            return JobStatus(super().get_status(refresh).value)
        except NoSuchJobError as error:
            raise InvalidJobOperation(str(error)) from error

    def results(self) -> list[Result]:
        """The runs that are remembered, newest first."""
        from workhorse.compat.rq import results

        return results.Result.all(self)

    def latest_result(self, timeout: float = 0) -> Result | None:
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
    def redis_server_version(self) -> tuple[int, int, int]:
        """The version of the server."""
        return get_version(client_of(self._source))

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
