"""RQ's exceptions: ours where they are the same, and some that nothing raises here."""

from workhorse.exceptions import (
    AbandonedJobError,
    DeserializationError,
    DuplicateJobError,
    InvalidJobOperation,
    NoSuchGroupError,
    NoSuchJobError,
    TimeoutFormatError,
)

InvalidJobOperationError = InvalidJobOperation
"""RQ has both, and raises one where its own command catches the other."""


class InvalidJobDependency(Exception):
    """Never raised; nor is it in RQ."""


class DequeueTimeout(Exception):
    """Never raised: workers wait for jobs by other means."""


class SchedulerNotFound(Exception):
    """There is no cron entry of the scheduler's name."""


class DuplicateSchedulerError(Exception):
    """Never raised: entries live on the server, and any number of schedulers may put them there."""


class StopRequested(Exception):
    """Never raised: a worker that is told to stop takes no new job, and says so by itself."""


class ShutDownImminentException(BaseException):
    """Never raised: a worker that must be gone soon has a `grace`."""

    def __init__(self, msg: str, extra_info: object) -> None:
        super().__init__(msg)
        self.extra_info = extra_info


__all__ = [
    "AbandonedJobError",
    "DequeueTimeout",
    "DeserializationError",
    "DuplicateJobError",
    "DuplicateSchedulerError",
    "InvalidJobDependency",
    "InvalidJobOperation",
    "InvalidJobOperationError",
    "NoSuchGroupError",
    "NoSuchJobError",
    "SchedulerNotFound",
    "ShutDownImminentException",
    "StopRequested",
    "TimeoutFormatError",
]
