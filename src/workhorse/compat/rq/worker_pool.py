"""`WorkerPool` with RQ's signatures."""

from __future__ import annotations

from enum import Enum
from typing import Any

from workhorse import worker, worker_pool
from workhorse.compat import sentries
from workhorse.compat.clients import RQSource
from workhorse.compat.rq.job import Job
from workhorse.compat.rq.queue import Queue
from workhorse.compat.rq.serializers import DefaultSerializer, chosen
from workhorse.compat.rq.utils import parse_names
from workhorse.compat.rq.worker import BaseWorker, Worker
from workhorse.compat.standin import preloads
from workhorse.defaults import DEFAULT_RESULT_TTL


class WorkerPool(worker_pool.WorkerPool):
    """Several workers, each a process of its own; those that die are started again."""

    class Status(Enum):
        """How far a pool is."""

        IDLE = 1
        STARTED = 2
        STOPPED = 3

    def __init__(
        self,
        queues: Any,
        connection: object,
        num_workers: int = 1,
        worker_class: type[BaseWorker] = Worker,
        serializer: Any = DefaultSerializer,
        job_class: type[Job] = Job,
        queue_class: type[Queue] = Queue,
        exception_handlers: Any = None,
        **kwargs: Any,
    ) -> None:
        self.worker_class = worker_class
        self.serializer = serializer
        self.exception_handlers = exception_handlers
        self.job_class = job_class
        self.queue_class = queue_class
        self._source = RQSource(connection, chosen(serializer))
        kwargs.setdefault("work_horse_killed_handler", sentries.mourners(None))
        kwargs["preload"] = (*preloads(), *kwargs.get("preload", ()))
        # The core's own worker: the processes of a pool import no program's class.
        super().__init__(
            parse_names(queues),
            self._source.connection,
            num_workers,
            worker.Worker,
            chosen(serializer),
            exception_handlers=sentries.handlers(exception_handlers),
            isolation=worker_class.isolation,
            **{"default_result_ttl": DEFAULT_RESULT_TTL, **kwargs},
        )

    @property
    def queues(self) -> list[Queue]:
        """Its queues."""
        return [self.queue_class(name, self._source) for name in self.queue_names()]

    @property
    def number_of_active_workers(self) -> int:
        """How many of its workers are alive."""
        return sum(found.name.startswith(f"{self.name}.") for found in self._alive())

    @property
    def status(self) -> Status:
        """How far it is."""
        if self._run is not None:
            return self.Status.STARTED
        return self.Status.STOPPED if self._was_started else self.Status.IDLE

    _was_started = False

    def start(self, burst: bool = False, logging_level: int | str = "INFO", **work: Any) -> None:
        """See `workhorse.WorkerPool.start`."""
        self._was_started = True
        super().start(burst, logging_level, **work)

    def request_stop(self, signum: int | None = None, frame: object = None) -> None:
        """Tell all workers to finish what runs; the second time: to stop at once."""
        del signum, frame
        self.stop()

    def stop_workers(self) -> None:
        """The same."""
        self.stop()

    def all_workers_have_stopped(self) -> bool:
        """Whether none is alive."""
        return self.number_of_active_workers == 0

    def _alive(self) -> list[BaseWorker]:
        return list(Worker.all(self._source.connection))


__all__ = ["WorkerPool"]
