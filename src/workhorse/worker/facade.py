"""`Worker` as users and the CLI see it: names and parameters are RQ's where RQ has them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pickle import dumps
from typing import TYPE_CHECKING, ClassVar, Unpack

from workhorse.connection import Connection, connect
from workhorse.defaults import MAX_CRASHES
from workhorse.drivers import run
from workhorse.envelopes import codec_for
from workhorse.names import check_queue_name
from workhorse.ops import workers
from workhorse.records import WorkerRecord, as_datetime
from workhorse.worker.handlers import (
    Handler,
    Needless,
    NeedlessAtWork,
    check_needless,
    name_of,
    names_of,
)
from workhorse.worker.identity import default_name
from workhorse.worker.settings import Settings, horses_wanted
from workhorse.worker.starting import start

if TYPE_CHECKING:
    from workhorse.queue import Queue

    Queues = Queue | str | Iterable[Queue | str]


class Worker:
    """Takes jobs from queues and runs them in work horses.

    Promises: a job that was taken is finished, failed, retried or returned to its queue; never
    lost, whatever dies. SIGINT or SIGTERM once: finish what runs, then end; twice: kill what
    runs and return it.
    """

    isolation: ClassVar[str] = "warm"

    def __init__(  # noqa: PLR0913 - one keyword per option of the command line
        self,
        queues: Queues,
        name: str | None = None,
        default_result_ttl: int | None = None,
        connection: object = None,
        exception_handlers: Handler | Iterable[Handler] | None = None,
        *,
        isolation: str | None = None,
        horses: int | str = 1,
        concurrency: int | None = None,
        lease: float = 15.0,
        grace: float | None = None,
        max_crashes: int = MAX_CRASHES,
        max_horse_jobs: int | None = None,
        max_horse_memory: int | None = None,
        preload: Sequence[str] = (),
        path: Sequence[str] = (),
        serializer: object = None,
        allow: Sequence[str] = (),
        allow_classes: Sequence[str] = (),
        log_job_description: bool = True,
        dict_config: Mapping[str, object] | bytes | None = None,
        disable_default_exception_handler: bool = False,
        work_horse_killed_handler: Handler | Iterable[Handler] | None = None,
        namespace: str | None = None,
        **rq: Unpack[Needless],
    ) -> None:
        """Make a worker; it does nothing before `work`.

        Args:
            queues: One or more queues or names; earlier ones come first.
            name: Unique among live workers; default: host, pid and chance.
            default_result_ttl: Seconds that results are kept whose job does not say; None: 500,
                and jobs that return None are not kept.
            connection: A URL, a redis client or a `Connection`; default: that of the first
                queue, else as `connect` finds one.
            exception_handlers: Called in the horse with a job that failed or was refused, and the
                exception's type, value and traceback (None for a refusal), one after the other;
                one that returns something false but None is the last. Functions of modules, or
                their names.
            isolation: `warm`: a horse runs many jobs; `fork`: a fresh fork for each;
                `spawn`: a fresh interpreter for each, for what cannot be forked; `thread`: a
                horse runs many at a time, on threads; `inline`: in this process, unprotected.
            horses: How many processes run jobs at a time, or `auto` for one per processor.
            concurrency: How many jobs each of them runs at a time: of `async def` functions
                (default 100), or with `thread` of any (default 10).
            lease: Seconds after which the jobs of a worker that vanished come back.
            grace: Seconds that a stopping worker waits for what runs; None: as long as it takes.
            max_crashes: How often a job is delivered again after its worker vanished.
            max_horse_jobs: A warm horse is replaced after so many jobs.
            max_horse_memory: Bytes; a horse that holds more is killed with its job, or replaced.
            preload: Modules to import before the first job.
            path: Put before `sys.path` where user code runs.
            serializer: As for `Queue`.
            allow: Patterns of functions that may run, such as `myapp.tasks.*`; none: all.
            allow_classes: Patterns of classes that arguments may hold, as for `Queue(allow=…)`.
            log_job_description: Whether the log shows what jobs are called with.
            dict_config: How jobs log: what `logging.config.dictConfig` takes, or that pickled.
            disable_default_exception_handler: Keep no failed jobs but those that have a
                `failure_ttl`: whoever handles exceptions does with them what is to be done.
            work_horse_killed_handler: Called in another horse with a job whose horse died, the
                dead one's pid, what wait() said, and what it had used (None where nobody knows).
                May be several.
            namespace: Default: the connection's, or WORKHORSE_NAMESPACE, or `wh`.
            rq: RQ's parameters that nothing needs here; the log says why.

        Raises:
            ValueError: An option is out of its range; the text says what is in it.
            TypeError: There is no such option; the text says what could be meant.
            NotImportable: Horses could not find a handler by its name.
        """
        check_needless(rq, Worker.__init__.__annotations__)
        names, default = _names_of(queues)
        if not isinstance(serializer, str) or "." not in serializer:
            # Horses would find out, but nobody would be told; a dotted name is theirs to import.
            codec_for(serializer, allow_classes)
        self._way: Connection = connect(default if connection is None else connection, namespace)
        self._settings = Settings(
            name=name or default_name(),
            queues=tuple(dict.fromkeys(names)),
            isolation=isolation or self.isolation,
            horses=horses_wanted(horses),
            concurrency=concurrency,
            lease=lease,
            grace=grace,
            max_crashes=max_crashes,
            max_horse_jobs=max_horse_jobs,
            max_horse_memory=max_horse_memory,
            result_ttl=default_result_ttl,
            preload=tuple(preload),
            path=tuple(path),
            serializer=serializer,
            allow=tuple(allow),
            allow_classes=tuple(allow_classes),
            log_descriptions=log_job_description,
            handlers=names_of(exception_handlers),
            killed=names_of(work_horse_killed_handler),
            failure_ttl=0 if disable_default_exception_handler else None,
            logging=dict_config if isinstance(dict_config, bytes | None) else dumps(dict_config),
        )

    def push_exc_handler(self, handler: Handler) -> None:
        """Add an exception handler, which is called after those that are there."""
        handlers = (*self._settings.handlers, name_of(handler))
        self._settings = self._settings.with_changes(handlers=handlers)

    def pop_exc_handler(self) -> str:
        """Take away the last exception handler; its name.

        Raises:
            IndexError: There is none.
        """
        *others, last = self._settings.handlers or [""]
        if not last:
            raise IndexError("this worker has no exception handlers")
        self._settings = self._settings.with_changes(handlers=tuple(others))
        return last

    @property
    def connection(self) -> Connection:
        """The way to its queues."""
        return self._way

    @property
    def name(self) -> str:
        """The worker's name."""
        return self._settings.name

    @property
    def queues(self) -> list[Queue]:
        """The queues it takes jobs from, in order."""
        from workhorse.queue import Queue  # noqa: PLC0415 - the client's side; no worker needs it

        return [Queue(name, connection=self._way) for name in self._settings.queues]

    def queue_names(self) -> list[str]:
        """The names of its queues, in order."""
        return list(self._settings.queues)

    def work(
        self,
        burst: bool = False,  # noqa: FBT001, FBT002 - RQ's signature
        logging_level: int | str | None = None,
        max_jobs: int | None = None,
        max_idle_time: float | None = None,
        dequeue_strategy: str = "default",
        **rq: Unpack[NeedlessAtWork],
    ) -> bool:
        """Run jobs until told to stop; whether any was run.

        Args:
            burst: Stop when the queues are empty.
            logging_level: For the logger `workhorse`; default: as it is.
            max_jobs: Stop after so many jobs.
            max_idle_time: Stop after so many seconds without a job.
            dequeue_strategy: `default` (queues in order), `round_robin` or `random`.
            rq: RQ's parameters that nothing needs here; the log says why.

        Raises:
            DuplicateWorkerError: A live worker has the name.
            ConnectionLost: The server cannot be reached at the start.
        """
        if logging_level is not None:
            logging.getLogger("workhorse").setLevel(logging_level)
        check_needless(rq, ("burst", "max_jobs", "max_idle_time", "dequeue_strategy"))
        settings = self.settings(
            burst=burst,
            max_jobs=max_jobs,
            max_idle_time=max_idle_time,
            dequeue_strategy=dequeue_strategy,
        )
        return start(self._way, settings)

    def settings(
        self,
        *,
        burst: bool = False,
        max_jobs: int | None = None,
        max_idle_time: float | None = None,
        dequeue_strategy: str = "default",
    ) -> Settings:
        """All that the worker is told, with what `work` is."""
        return self._settings.with_changes(
            burst=burst, max_jobs=max_jobs, max_idle_time=max_idle_time, strategy=dequeue_strategy
        )

    # Who works

    @classmethod
    def all(cls, connection: object = None, queue: Queue | str | None = None) -> list[WorkerInfo]:
        """The workers that are alive now, by name; of one queue, or of all."""
        records = run(opened := connect(connection), workers.alive(opened.keys))
        name = queue if queue is None or isinstance(queue, str) else queue.name
        return [WorkerInfo(record) for record in records if name is None or name in record.queues]

    @classmethod
    def count(cls, connection: object = None, queue: Queue | str | None = None) -> int:
        """How many workers are alive; of one queue, or of all."""
        return len(cls.all(connection, queue))

    @classmethod
    def find_by_name(cls, name: str, connection: object = None) -> WorkerInfo | None:
        """A worker that is alive or not yet forgotten; None if there is none of that name."""
        record = run(opened := connect(connection), workers.find(opened.keys, name))
        return None if record is None else WorkerInfo(record)

    def __repr__(self) -> str:
        return f"<Worker {self.name} on {', '.join(self._settings.queues)}>"


class SimpleWorker(Worker):
    """A worker that runs jobs in its own process: for tests and debuggers."""

    isolation = "inline"


class SpawnWorker(Worker):
    """A worker that runs each job in an interpreter of its own: for what cannot be forked."""

    isolation = "spawn"


class WorkerInfo:
    """What a worker said of itself, last at its latest heartbeat."""

    def __init__(self, record: WorkerRecord) -> None:
        self.record = record
        self.name = record.name
        self.state = record.state
        self.hostname = record.hostname
        self.pid = record.pid
        self.version = record.version
        self.python_version = record.python_version
        self.successful_job_count = record.successful
        self.failed_job_count = record.failed

    def get_state(self) -> str:
        """`idle`, `busy`, `stopping` or `impaired`."""
        return self.state

    def queue_names(self) -> list[str]:
        """The names of its queues, in order."""
        return list(self.record.queues)

    @property
    def birth_date(self) -> datetime | None:
        """When it registered, aware UTC."""
        return as_datetime(self.record.birth)

    @property
    def last_heartbeat(self) -> datetime | None:
        """When it last beat, aware UTC."""
        return as_datetime(self.record.last_heartbeat)

    @property
    def total_working_time(self) -> float:
        """How long functions ran in it, seconds."""
        return self.record.working_ms / 1000

    def get_current_job_id(self) -> str | None:
        """The job it ran at its last heartbeat; the first of several."""
        return self.record.current[0] if self.record.current else None

    def __repr__(self) -> str:
        return f"<Worker {self.name} {self.state}>"


def _names_of(queues: Queues) -> tuple[list[str], Connection | None]:
    """The names of queues, and the connection of the first that has one.

    A `Queue` is known by what it is not, for its class is not loaded.
    """
    given: list[Queue | str] = (
        [queues] if isinstance(queues, str) or not isinstance(queues, Iterable) else [*queues]
    )
    names = [check_queue_name(one) if isinstance(one, str) else one.name for one in given]
    return names, next((one.connection for one in given if not isinstance(one, str)), None)
