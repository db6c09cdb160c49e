"""`Execution`: a run of a job that goes on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from workhorse import executions
from workhorse.compat.clients import RQSource, client_of
from workhorse.compat.rq.job import Job
from workhorse.exceptions import NoSuchJobError
from workhorse.sources import Source


class Execution:
    """A run that goes on, or did when this was read.

    Attributes:
        id: The number of the attempt, as text.
        job_id: The job.
        worker_name: Where it runs.
        created_at: When it began, aware UTC.
    """

    def __init__(
        self,
        id: str,
        job_id: str,
        connection: object,
        worker_name: str = "",
    ) -> None:
        self._source = connection if isinstance(connection, Source) else RQSource(connection)
        self.id = id
        self.job_id = job_id
        self.worker_name = worker_name
        self.created_at: datetime | None = None

    @classmethod
    def fetch(cls, id: str, job_id: str, connection: object) -> Self:
        """The execution of that job with that id.

        Raises:
            ValueError: It does not go on.
        """
        found = cls(id, job_id, connection)
        found.refresh()
        return found

    @classmethod
    def from_composite_key(cls, composite_key: str, connection: object) -> Self:
        """The execution that a composite key names; nothing else is known of it."""
        named = executions.Execution.from_composite_key(composite_key)
        return cls(named.id, named.job_id, connection)

    @property
    def composite_key(self) -> str:
        """The job's id and this one's, with a colon between them."""
        return f"{self.job_id}:{self.id}"

    @property
    def key(self) -> str:
        """The key of its job's hash, where all that is known of it stands."""
        return self.job.key

    @property
    def connection(self) -> Any:
        """The program's redis client."""
        return client_of(self._source)

    @property
    def job(self) -> Job:
        """Its job."""
        return Job(self.job_id, self._source)

    @property
    def last_heartbeat(self) -> datetime | None:
        """When its worker last beat."""
        return self.job.last_heartbeat

    def refresh(self) -> None:
        """Read it anew.

        Raises:
            ValueError: It does not go on any more.
        """
        try:
            found = executions.Execution.fetch(self.id, self.job_id, self._source.connection)
        except NoSuchJobError as error:
            raise ValueError(f"Execution {self.id} not found: {error}") from None
        self.worker_name, self.created_at = found.worker_name, found.created_at

    def serialize(self) -> dict[str, Any]:
        """What is known of it, as plain values."""
        words = ("id", "job_id", "worker_name", "created_at")
        return {word: getattr(self, word) for word in words}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Execution) and other.composite_key == self.composite_key

    def __hash__(self) -> int:
        return hash(self.composite_key)


class ExecutionRegistry:
    """The runs of a job that go on: one, or none."""

    def __init__(self, job_id: str, connection: object) -> None:
        self.job_id = job_id
        self._source = connection if isinstance(connection, Source) else RQSource(connection)

    def get_execution_ids(self, start: int = 0, end: int = -1) -> list[str]:
        """Their ids."""
        return [found.id for found in self.get_executions(start, end)]

    def get_executions(self, start: int = 0, end: int = -1) -> list[Execution]:
        """All of them."""
        try:
            record = Job.fetch(self.job_id, self._source).record
        except NoSuchJobError:
            return []
        found = []
        for one in executions.Execution.of(record):
            mine = Execution(one.id, one.job_id, self._source, one.worker_name)
            mine.created_at = one.created_at
            found.append(mine)
        return found[start : None if end == -1 else end + 1]

    @property
    def count(self) -> int:
        """How many."""
        return len(self.get_executions())

    def __len__(self) -> int:
        return self.count


__all__ = ["Execution", "ExecutionRegistry"]
