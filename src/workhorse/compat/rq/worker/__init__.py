"""RQ's workers."""

from workhorse.compat.rq.worker.base import (
    SHUTDOWN_SIGNAL,
    BaseWorker,
    DequeueStrategy,
    WorkerStatus,
    signal_name,
)
from workhorse.compat.rq.worker.worker_classes import (
    HerokuWorker,
    RandomWorker,
    RoundRobinWorker,
    SimpleWorker,
    SpawnWorker,
    Worker,
)
from workhorse.defaults import DEFAULT_RESULT_TTL

__all__ = [
    "DEFAULT_RESULT_TTL",
    "SHUTDOWN_SIGNAL",
    "BaseWorker",
    "DequeueStrategy",
    "HerokuWorker",
    "RandomWorker",
    "RoundRobinWorker",
    "SimpleWorker",
    "SpawnWorker",
    "Worker",
    "WorkerStatus",
    "signal_name",
]
