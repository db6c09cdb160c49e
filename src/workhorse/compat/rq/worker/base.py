"""`BaseWorker`: `workhorse.worker.Worker` with RQ's signatures."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from contextlib import nullcontext
from typing import Any, ClassVar, Self

from workhorse.command import send_shutdown_command
from workhorse.compat import sentries
from workhorse.compat.clients import RQSource, namespace, way_to
from workhorse.compat.making import only_theirs
from workhorse.compat.rq.defaults import (
    DEFAULT_LOGGING_DATE_FORMAT,
    DEFAULT_LOGGING_FORMAT,
    DEFAULT_WORKER_TTL,
)
from workhorse.compat.rq.job import Job
from workhorse.compat.rq.queue import Queue
from workhorse.compat.rq.serializers import chosen
from workhorse.compat.rq.utils import import_job_class, import_queue_class
from workhorse.compat.rq.worker.known import KnownWorker
from workhorse.compat.rq.worker.words import UNCALLED, DequeueStrategy, WorkerStatus
from workhorse.compat.standin import preloads
from workhorse.connection import Connection
from workhorse.defaults import DEFAULT_RESULT_TTL
from workhorse.drivers import run
from workhorse.keys import Keys
from workhorse.ops import workers
from workhorse.records import WorkerRecord

SHUTDOWN_SIGNAL = signal.SIGKILL
_KEYS = Keys(namespace())
_PREFIX = _KEYS.worker("")


class BaseWorker(KnownWorker):
    """A worker: one that works, or what the server knows of one that works elsewhere.

    RQ's parameters that are missing among those of `workhorse.worker.Worker` are accepted: what
    they tune is not there, or tunes itself. docs/rq.md says of each name why.
    """

    redis_worker_namespace_prefix = _PREFIX
    redis_workers_keys = _KEYS.workers
    strategy: ClassVar[str] = "default"

    def __init__(
        self,
        queues: Any,
        name: str | None = None,
        default_result_ttl: int = DEFAULT_RESULT_TTL,
        connection: object = None,
        exception_handlers: Any = None,
        maintenance_interval: int = 600,
        default_worker_ttl: int | None = None,
        worker_ttl: int | None = None,
        job_class: str | type[Job] | None = None,
        queue_class: str | type[Queue] | None = None,
        log_job_description: bool = True,
        job_monitoring_interval: int = 30,
        disable_default_exception_handler: bool = False,
        prepare_for_work: bool = True,
        serializer: object = None,
        work_horse_killed_handler: Any = None,
        **ours: Any,
    ) -> None:
        del prepare_for_work
        self.default_result_ttl = default_result_ttl
        self.disable_default_exception_handler = disable_default_exception_handler
        self.job_monitoring_interval = job_monitoring_interval
        self.log_job_description = log_job_description
        self.maintenance_interval = maintenance_interval
        self.worker_ttl = worker_ttl or default_worker_ttl or DEFAULT_WORKER_TTL
        several = [queues] if isinstance(queues, str | Queue) else list(queues)
        if job_class is not None:
            self.job_class = import_job_class(job_class)
        if queue_class is not None:
            self.queue_class = import_queue_class(queue_class)
        known = next((one for one in several if isinstance(one, Queue)), None)
        if connection is None and known is not None:
            connection = known.connection
        self._source = RQSource(connection, chosen(serializer))
        self._queues = several
        ours["preload"] = (*preloads(), *ours.get("preload", ()))
        super().__init__(
            [one if isinstance(one, str) else one.name for one in several],
            name,
            default_result_ttl,
            self._source.connection,
            sentries.handlers(exception_handlers),
            log_job_description=log_job_description,
            disable_default_exception_handler=disable_default_exception_handler,
            serializer=chosen(serializer),
            work_horse_killed_handler=sentries.mourners(work_horse_killed_handler),
            **ours,
        )

    def __init_subclass__(cls, **options: Any) -> None:
        """Say so where a program overrides what nothing calls here."""
        super().__init_subclass__(**options)
        for name in UNCALLED.intersection(vars(cls)):
            warnings.warn(
                f"{cls.__name__}.{name}: nothing calls it here; exception_handlers=, "
                f"work_horse_killed_handler= and preload= are what there is",
                stacklevel=2,
            )

    def perform_job(self, job: Job, queue: Queue, execution: object) -> bool:
        """Not called: it is there for tools that wrap it where it is RQ's."""
        raise NotImplementedError("a work horse runs jobs; nothing calls this")

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Not called, as above: `exception_handlers` are."""
        raise NotImplementedError("a work horse calls the exception handlers; nothing calls this")

    def work(
        self,
        burst: bool = False,
        logging_level: int | str | None = None,
        date_format: str = DEFAULT_LOGGING_DATE_FORMAT,
        log_format: str = DEFAULT_LOGGING_FORMAT,
        max_jobs: int | None = None,
        max_idle_time: float | None = None,
        with_scheduler: bool = False,
        dequeue_strategy: str = DequeueStrategy.DEFAULT,
    ) -> bool:
        """Run jobs until told to stop; whether any was run. See `workhorse.worker.Worker.work`."""
        from workhorse.compat.rq.logutils import setup_loghandlers

        del with_scheduler  # any worker runs what is due
        setup_loghandlers(logging_level, date_format, log_format)
        wanted = DequeueStrategy(dequeue_strategy).value
        strategy = self.strategy if wanted == "default" else wanted
        inline = self.isolation == "inline"
        self._at_work = threading.current_thread()
        try:
            with only_theirs() if inline else nullcontext():
                return super().work(
                    burst=burst,
                    max_jobs=max_jobs,
                    max_idle_time=max_idle_time,
                    dequeue_strategy=strategy,
                )
        finally:
            self._at_work = None

    _at_work: threading.Thread | None = None

    def request_stop(self, signum: int | None = None, frame: object = None) -> None:
        """Finish what runs and end, as after a SIGTERM; for one that works in this process."""
        del signum, frame
        if self._at_work is threading.main_thread():
            os.kill(os.getpid(), signal.SIGTERM)
        elif self._at_work is not None:  # it obeys no signals, and nobody else must hear of one
            send_shutdown_command(self._way, self.name)

    # What RQ's maintenance scripts call

    def register_death(self) -> None:
        """Do nothing: a worker that is gone is forgotten by itself, after twice its lease."""

    def clean_registries(self) -> None:
        """Do nothing: whoever asks for jobs does what is to be done."""

    def clean_group_registries(self) -> None:
        """Do nothing, as above."""

    def run_maintenance_tasks(self) -> None:
        """Do nothing, as above."""

    # Who works

    @classmethod
    def all(
        cls,
        connection: object = None,
        job_class: type[Job] | None = None,
        queue_class: type[Queue] | None = None,
        queue: Queue | None = None,
        serializer: object = None,
    ) -> list[Self]:
        """The workers that are alive now, by name; of one queue, or of all."""
        way = _way_to(connection, queue)
        return [
            cls._known(record, connection or queue, job_class, queue_class, serializer)
            for record in run(way, workers.alive(way.keys))
            if queue is None or queue.name in record.queues
        ]

    @classmethod
    def all_keys(cls, connection: object = None, queue: Queue | None = None) -> list[str]:
        """The keys of their hashes."""
        return [found.key for found in cls.all(connection, queue=queue)]

    @classmethod
    def count(cls, connection: object = None, queue: Queue | None = None) -> int:
        """How many workers are alive; of one queue, or of all."""
        return len(cls.all(connection, queue=queue))

    @classmethod
    def find_by_key(
        cls,
        worker_key: str,
        connection: object,
        job_class: type[Job] | None = None,
        queue_class: type[Queue] | None = None,
        serializer: object = None,
    ) -> Self | None:
        """The worker whose hash has this key, or that has this name; None without one.

        Raises:
            ValueError: No worker's hash has it.
        """
        way = way_to(connection)
        name = worker_key.removeprefix(way.keys.worker(""))
        record = run(way, workers.find(way.keys, name))
        if record is None:
            return None
        return cls._known(record, connection, job_class, queue_class, serializer)

    @classmethod
    def _known(
        cls,
        record: WorkerRecord,
        source: object,
        job_class: type[Job] | None,
        queue_class: type[Queue] | None,
        serializer: object,
    ) -> Self:
        connection = source.connection if isinstance(source, Queue) else source
        found = cls(
            record.queues or ["default"],
            record.name,
            connection=connection,
            job_class=job_class,
            queue_class=queue_class,
            serializer=serializer,
        )
        found.record = record
        return found


def signal_name(signum: int) -> str:
    """What a signal is called."""
    return signal.Signals(signum).name


def _way_to(connection: object, queue: Queue | None) -> Connection:
    return queue.source.connection if connection is None and queue else way_to(connection)


__all__ = ["SHUTDOWN_SIGNAL", "BaseWorker", "DequeueStrategy", "WorkerStatus", "signal_name"]
