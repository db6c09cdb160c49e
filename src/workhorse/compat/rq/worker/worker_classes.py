"""RQ's kinds of workers: ways of isolating jobs here."""

from __future__ import annotations

from workhorse.compat.rq.worker.base import BaseWorker


class Worker(BaseWorker):
    """A worker whose jobs run in work horses."""


class SpawnWorker(Worker):
    """A worker that runs each job in an interpreter of its own."""

    isolation = "spawn"


class SimpleWorker(BaseWorker):
    """A worker that runs jobs in its own process."""

    isolation = "inline"


class HerokuWorker(Worker):
    """A worker on a platform that gives it ten seconds to end."""

    imminent_shutdown_delay = 6

    def __init__(self, queues: object, name: str | None = None, **options: object) -> None:
        options.setdefault("grace", self.imminent_shutdown_delay)
        super().__init__(queues, name, **options)  # type: ignore[arg-type]  # as they were given


class RoundRobinWorker(Worker):
    """A worker that takes from its queues in turn."""

    strategy = "round_robin"


class RandomWorker(Worker):
    """A worker that takes from its queues in no order."""

    strategy = "random"


__all__ = [
    "HerokuWorker",
    "RandomWorker",
    "RoundRobinWorker",
    "SimpleWorker",
    "SpawnWorker",
    "Worker",
]
