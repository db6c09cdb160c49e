"""What one run of a job left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any


class ResultType(IntEnum):
    """How a run ended. The values are RQ's."""

    SUCCESSFUL = 1
    FAILED = 2
    STOPPED = 3
    RETRIED = 4
    MAX_RETRIES_EXCEEDED = 5


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Result:
    """One run of a job, and what came of it.

    Attributes:
        job_id: The job.
        type: How the run ended: a `Result.Type`.
        attempt: The number of the run, from 1; 0 if it is not known any more.
        created_at: When it ended, aware UTC.
        execution_started_at: When it began, aware UTC; None if that is not known any more.
        worker_name: Where it ran, or ''.
        exc_string: The traceback, or None.
    """

    Type = ResultType

    job_id: str
    type: ResultType
    attempt: int = 0
    created_at: datetime | None = None
    execution_started_at: datetime | None = None
    worker_name: str = ""
    exc_string: str | None = None
    _open: Callable[[], Any] = field(default=_nothing, repr=False, compare=False)

    @property
    def return_value(self) -> Any:  # noqa: ANN401 - whatever the function returned
        """What the function returned; None unless the run was successful.

        Raises:
            RefusedPayload: The stored bytes are not to be trusted; the text says why.
        """
        return self._open()

    @property
    def id(self) -> str:
        """Names the run: the job's id and the number of the run."""
        return f"{self.job_id}:{self.attempt}"

    @property
    def execution_id(self) -> str:
        """The number of the run as text: what its `Execution` was called while it went on."""
        return str(self.attempt)

    @property
    def execution_ended_at(self) -> datetime | None:
        """When the run ended, aware UTC; the same as `created_at`."""
        return self.created_at
