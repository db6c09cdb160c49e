"""Workhorse: run Python function calls in the background, on Redis or Valkey.

Importing this package loads nothing else: each name below loads its module when it is first
used, so that a program that only enqueues now and then starts as fast as before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for type checkers; at run time `__getattr__` does it
    from workhorse.aio import AsyncJob, AsyncQueue
    from workhorse.callbacks import Callback
    from workhorse.connection import Connection, connect
    from workhorse.cron import AsyncCron, Cron
    from workhorse.dependency import Dependency, RateLimit
    from workhorse.exceptions import (
        AbandonedJobError,
        BadArguments,
        BadSchedule,
        CommandNotAcknowledged,
        CommandRefused,
        ConnectionLost,
        DependencyFailedError,
        DeserializationError,
        DuplicateGroupError,
        DuplicateJobError,
        DuplicateWorkerError,
        FunctionNotAllowed,
        InvalidJobOperation,
        JobFailedError,
        JobStopped,
        JobTimeoutException,
        NoServerError,
        NoSuchCronError,
        NoSuchGroupError,
        NoSuchJobError,
        NoSuchWorkerError,
        NotImportable,
        NotSerializable,
        PayloadTooLarge,
        RefusedPayload,
        ServerError,
        TimeoutFormatError,
        WebhookError,
        WebhookRefused,
        WorkHorseDied,
        WorkhorseError,
    )
    from workhorse.group import AsyncGroup, Group
    from workhorse.job import Job, get_current_job
    from workhorse.policies import Repeat, Retry
    from workhorse.queue import Queue
    from workhorse.result import Result
    from workhorse.states import JobStatus
    from workhorse.webhook import Webhook
    from workhorse.worker import SimpleWorker, SpawnWorker, Worker
    from workhorse.worker_pool import WorkerPool

__version__ = "0.1.0"

__all__ = [
    "AbandonedJobError",
    "AsyncCron",
    "AsyncGroup",
    "AsyncJob",
    "AsyncQueue",
    "BadArguments",
    "BadSchedule",
    "Callback",
    "CommandNotAcknowledged",
    "CommandRefused",
    "Connection",
    "ConnectionLost",
    "Cron",
    "Dependency",
    "DependencyFailedError",
    "DeserializationError",
    "DuplicateGroupError",
    "DuplicateJobError",
    "DuplicateWorkerError",
    "FunctionNotAllowed",
    "Group",
    "InvalidJobOperation",
    "Job",
    "JobFailedError",
    "JobStatus",
    "JobStopped",
    "JobTimeoutException",
    "NoServerError",
    "NoSuchCronError",
    "NoSuchGroupError",
    "NoSuchJobError",
    "NoSuchWorkerError",
    "NotImportable",
    "NotSerializable",
    "PayloadTooLarge",
    "Queue",
    "RateLimit",
    "RefusedPayload",
    "Repeat",
    "Result",
    "Retry",
    "ServerError",
    "SimpleWorker",
    "SpawnWorker",
    "TimeoutFormatError",
    "Webhook",
    "WebhookError",
    "WebhookRefused",
    "WorkHorseDied",
    "Worker",
    "WorkerPool",
    "WorkhorseError",
    "__version__",
    "connect",
    "get_current_job",
]

_ELSEWHERE = {
    "AsyncCron": "cron",
    "AsyncGroup": "group",
    "AsyncJob": "aio",
    "AsyncQueue": "aio",
    "Callback": "callbacks",
    "Connection": "connection",
    "Cron": "cron",
    "Dependency": "dependency",
    "Group": "group",
    "Job": "job",
    "JobStatus": "states",
    "Queue": "queue",
    "RateLimit": "dependency",
    "Repeat": "policies",
    "Result": "result",
    "Retry": "policies",
    "SimpleWorker": "worker",
    "SpawnWorker": "worker",
    "Webhook": "webhook",
    "Worker": "worker",
    "WorkerPool": "worker_pool",
    "connect": "connection",
    "get_current_job": "job",
}
"""Where each name of `__all__` is defined; those not listed are exceptions.

The decorator `job` is not among them: `workhorse.job` is the module, as in RQ, and the
decorator is `workhorse.decorators.job`.
"""


if not TYPE_CHECKING:  # to a type checker, it would mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(f"{__name__}.{_ELSEWHERE.get(name, 'exceptions')}")
        value = getattr(module, name)
        globals()[name] = value  # the next look-up does not come here
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
