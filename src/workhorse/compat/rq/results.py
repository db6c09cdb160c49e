"""`Result`: one run of a job, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, Self

from workhorse import result
from workhorse.compat.clients import client_of
from workhorse.compat.rq.serializers import resolve_serializer
from workhorse.compat.rq.utils import now
from workhorse.drivers import run
from workhorse.job import Job


class Result:
    """What came of one run; `Job.results()` and `latest_result()` are the way to it.

    Workers store results, in the step that ends the run: one that is made here is not stored.

    Attributes:
        job_id: The job.
        type: How the run ended.
        connection: The program's redis client.
        id: Names the run.
        created_at: When it ended, aware UTC.
        exc_string: The traceback, or None.
        worker_name: Where it ran, or ''.
        execution_id: The number of the run, as text.
        execution_started_at: When it began, aware UTC; None if that is not known any more.
        execution_ended_at: The same as `created_at`.
    """

    class Type(Enum):
        """How a run ended."""

        SUCCESSFUL = 1
        FAILED = 2
        STOPPED = 3
        RETRIED = 4
        MAX_RETRIES_EXCEEDED = 5

    def __init__(
        self,
        job_id: str,
        type: Type,
        connection: object,
        id: str | None = None,
        created_at: datetime | None = None,
        return_value: Any = None,
        exc_string: str | None = None,
        worker_name: str = "",
        serializer: object = None,
        execution_id: str | None = None,
        execution_started_at: datetime | None = None,
        execution_ended_at: datetime | None = None,
    ) -> None:
        self.job_id = job_id
        self.type = type
        self.connection = connection
        self.id = id
        self.created_at = created_at or now()
        self.exc_string = exc_string
        self.worker_name = worker_name
        self.serializer = resolve_serializer(serializer)
        self.execution_id = execution_id
        self.execution_started_at = execution_started_at
        self.execution_ended_at = execution_ended_at
        self._open: Callable[[], Any] = lambda: return_value

    @classmethod
    def of(cls, found: result.Result, job: Job) -> Self:
        """A result as RQ's programs read it."""
        made = cls(
            found.job_id,
            cls.Type(found.type.value),
            client_of(job._source),
            found.id,
            found.created_at,
            None,
            found.exc_string,
            found.worker_name,
            job._source.codec.serializer,
            found.execution_id,
            found.execution_started_at,
            found.execution_ended_at,
        )
        made._open = lambda: found.return_value
        return made

    @property
    def return_value(self) -> Any:
        """What the function returned; None unless the run was successful."""
        return self._open()

    @classmethod
    def all(cls, job: Job, serializer: object = None) -> list[Self]:
        """The runs of a job that are remembered, newest first."""
        del serializer
        return [cls.of(found, job) for found in run(job._way, job._results())]

    @classmethod
    def count(cls, job: Job) -> int:
        """How many there are."""
        return len(cls.all(job))

    @classmethod
    def fetch(cls, job: Job, serializer: object = None) -> Self | None:
        """The newest run of a job, or None."""
        return cls.fetch_latest(job, serializer)

    @classmethod
    def fetch_latest(cls, job: Job, serializer: object = None, timeout: float = 0) -> Self | None:
        """The newest run of a job, waiting up to *timeout* seconds for it to end; or None."""
        del serializer
        found = run(job._way, job._latest_result(timeout))
        return None if found is None else cls.of(found, job)

    def __repr__(self) -> str:
        return f"Result(id={self.id}, type={self.type.name})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __bool__(self) -> bool:
        return bool(self.id)


__all__ = ["Result"]
