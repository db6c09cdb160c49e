"""RQ's words for where a job is: the values are ours, and as text they are RQ's.

`str(JobStatus.FINISHED)` is `JobStatus.FINISHED` in RQ, and `finished` with `workhorse`. Both are
strings, and equal to each other and to their value.
"""

from __future__ import annotations

from enum import Enum

from workhorse import states


class JobStatus(str, Enum):  # noqa: UP042 - as text, StrEnum is its value
    """Where a job is in its life."""

    CREATED = "created"
    QUEUED = "queued"
    FINISHED = "finished"
    FAILED = "failed"
    STARTED = "started"
    DEFERRED = "deferred"
    SCHEDULED = "scheduled"
    STOPPED = "stopped"
    CANCELED = "canceled"
    RATE_LIMITED = "rate_limited"
    READY_TO_ENQUEUE = "ready_to_enqueue"


def known(status: str) -> states.JobStatus:
    """Our word for one of RQ's.

    Raises:
        ValueError: No job is there: a dependent enters its queue in the step that frees it.
    """
    return states.JobStatus(status.value if isinstance(status, Enum) else status)
