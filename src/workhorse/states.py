"""The statuses a job and a worker can have, and the moves between them."""

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


class WorkerStatus(StrEnum):
    """What a worker says it is doing."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    STOPPING = "stopping"
    IMPAIRED = "impaired"


FINAL = frozenset({JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED})
"""A job in one of these moves on only when somebody requeues it."""

MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.CREATED: frozenset({JobStatus.QUEUED, JobStatus.SCHEDULED, JobStatus.DEFERRED}),
    JobStatus.DEFERRED: frozenset({JobStatus.QUEUED, JobStatus.CANCELED}),
    JobStatus.SCHEDULED: frozenset({JobStatus.QUEUED, JobStatus.CANCELED}),
    JobStatus.QUEUED: frozenset({JobStatus.STARTED, JobStatus.CANCELED}),
    JobStatus.STARTED: frozenset(
        {
            JobStatus.FINISHED,
            JobStatus.FAILED,
            JobStatus.STOPPED,
            JobStatus.QUEUED,
            JobStatus.SCHEDULED,
        }
    ),
    JobStatus.FINISHED: frozenset({JobStatus.QUEUED}),
    JobStatus.FAILED: frozenset({JobStatus.QUEUED}),
    JobStatus.STOPPED: frozenset({JobStatus.QUEUED}),
    JobStatus.CANCELED: frozenset({JobStatus.QUEUED}),
}
"""Every legal move. A script that would make another one refuses and changes nothing."""
