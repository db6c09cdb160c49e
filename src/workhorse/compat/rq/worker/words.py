"""RQ's words for what a worker does, and for how it chooses a queue."""

from __future__ import annotations

from enum import StrEnum

from workhorse.states import WorkerStatus as _Status


class WorkerStatus(StrEnum):
    """What a worker says it is doing; RQ's word for the first of them is another one."""

    STARTED = _Status.STARTING
    STARTING = _Status.STARTING
    IDLE = _Status.IDLE
    BUSY = _Status.BUSY
    SUSPENDED = _Status.SUSPENDED
    STOPPING = _Status.STOPPING
    IMPAIRED = _Status.IMPAIRED


class DequeueStrategy(StrEnum):
    """Which of several queues comes first."""

    DEFAULT = "default"
    ROUND_ROBIN = "round_robin"
    RANDOM = "random"


__all__ = ["DequeueStrategy", "WorkerStatus"]
