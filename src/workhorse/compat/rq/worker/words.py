"""RQ's words for what a worker does, and for how it chooses a queue."""

from __future__ import annotations

from enum import Enum

from workhorse.states import WorkerStatus as _Status

UNCALLED = frozenset(
    (
        *("execute_job", "fork_work_horse", "handle_exception", "handle_job_failure"),
        *("handle_job_success", "heartbeat", "main_work_horse", "monitor_work_horse"),
        *("perform_job", "register_birth", "reorder_queues", "run_maintenance_tasks"),
        *("setup_work_horse_signals", "teardown", "wait_for_horse"),
    )
)
"""What programs override in RQ's loop; ours is another one."""


class WorkerStatus(str, Enum):  # noqa: UP042 - as text, RQ's are not their values
    """What a worker says it is doing; RQ has the first four."""

    STARTED = "started"
    IDLE = _Status.IDLE.value
    BUSY = _Status.BUSY.value
    SUSPENDED = _Status.SUSPENDED.value
    STOPPING = _Status.STOPPING.value
    IMPAIRED = _Status.IMPAIRED.value


class DequeueStrategy(str, Enum):  # noqa: UP042 - likewise
    """Which of several queues comes first."""

    DEFAULT = "default"
    ROUND_ROBIN = "round_robin"
    RANDOM = "random"


def told(state: str) -> str:
    """What a worker does, in RQ's word."""
    if not state:
        return _Status.STARTING.value  # nobody has heard of it yet
    return WorkerStatus.STARTED.value if state == _Status.STARTING else state


__all__ = ["DequeueStrategy", "WorkerStatus"]
