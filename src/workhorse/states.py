"""The statuses that a job and a worker can have."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job is in its life. The values are RQ's."""

    CREATED = "created"
    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    DEFERRED = "deferred"
    SCHEDULED = "scheduled"
    STOPPED = "stopped"
    CANCELED = "canceled"
    RATE_LIMITED = "rate_limited"


class WorkerStatus(StrEnum):
    """What a worker says it is doing."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    SUSPENDED = "suspended"
    STOPPING = "stopping"
    IMPAIRED = "impaired"


FINAL = frozenset({JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED})
"""A job in one of these moves on only when somebody requeues it."""

WAITING = frozenset({JobStatus.SCHEDULED, JobStatus.DEFERRED, JobStatus.RATE_LIMITED})
"""A job in one of these is not in its queue yet."""
