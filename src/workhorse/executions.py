"""`Execution`: one run of one job that goes on now, as the job's record tells it.

A job has at most one at a time; its id is the number of the attempt. Those that have ended are its
results: `Job.results()`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from workhorse.connection import connect
from workhorse.drivers import arun, run
from workhorse.names import check_job_id
from workhorse.ops import results
from workhorse.records import JobRecord, as_datetime
from workhorse.states import JobStatus


@dataclass(frozen=True, slots=True)
class Execution:
    """A run that goes on, or did when this was read; two of one job and id are equal.

    Attributes:
        id: The number of the attempt, as text.
        job_id: The job.
        worker_name: Where it runs.
        created_at: When it began, aware UTC; None if that is unknown.
    """

    id: str
    job_id: str
    worker_name: str = field(default="", compare=False)
    created_at: datetime | None = field(default=None, compare=False)

    @property
    def composite_key(self) -> str:
        """The job's id and this one's, with a colon between them."""
        return f"{self.job_id}:{self.id}"

    @classmethod
    def from_composite_key(cls, key: str) -> Self:
        """The execution that a composite key names; nothing else is known of it.

        Raises:
            ValueError: It is none.
        """
        job_id, _, number = key.rpartition(":")
        if not job_id or not number:
            raise ValueError(f"{key!r} is no '<job id>:<execution id>'")
        return cls(number, check_job_id(job_id))

    @classmethod
    def fetch(cls, id: str, job_id: str, connection: object = None) -> Self:  # noqa: A002 - RQ's name
        """The execution of that job with that id, if it goes on.

        Raises:
            NoSuchJobError: There is no such job.
            ValueError: It has no such execution now.
        """
        way = connect(connection)
        record = run(way, results.fetch(way.keys, check_job_id(job_id)))
        return cls._found(record, id)

    @classmethod
    async def afetch(cls, id: str, job_id: str, connection: object = None) -> Self:  # noqa: A002 - RQ's name
        """See `fetch`."""
        way = connect(connection)
        record = await arun(way, results.fetch(way.keys, check_job_id(job_id)))
        return cls._found(record, id)

    @classmethod
    def of(cls, record: JobRecord) -> list[Self]:
        """The executions of a job that go on by its record: one, or none."""
        if record.status is not JobStatus.STARTED:
            return []
        began = as_datetime(record.started_at)
        return [cls(str(record.attempt), record.id, record.worker_name, began)]

    @classmethod
    def _found(cls, record: JobRecord, id: str) -> Self:  # noqa: A002 - RQ's name
        for one in cls.of(record):
            if one.id == str(id):
                return one
        raise ValueError(f"job {record.id!r} has no execution {id!r} that goes on")
