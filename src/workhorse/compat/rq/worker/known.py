"""What RQ's programs ask a worker: one of this process, or one that the server knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workhorse import worker
from workhorse.compat.clients import RQSource, client_of
from workhorse.compat.rq.executions import Execution
from workhorse.compat.rq.job import Job
from workhorse.compat.rq.queue import Queue
from workhorse.compat.rq.worker.words import told
from workhorse.drivers import run
from workhorse.exceptions import NoSuchJobError
from workhorse.keys import Keys
from workhorse.ops import workers
from workhorse.records import WorkerRecord, as_datetime


class KnownWorker(worker.Worker):
    """A part of `workhorse.compat.rq.worker.BaseWorker`: it asks, and changes nothing."""

    queue_class: type[Queue] = Queue
    job_class: type[Job] = Job
    log_result_lifespan = True
    record: WorkerRecord | None = None
    _source: RQSource
    _queues: list[Any]

    @property
    def connection(self) -> Any:
        """The program's redis client."""
        return client_of(self._source)

    @property
    def serializer(self) -> Any:
        """What encodes values."""
        return self._source.codec.serializer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KnownWorker) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def refresh(self) -> None:
        """Ask the server what it knows of this worker now."""
        self.record = run(self._way, workers.find(self._keys, self.name))

    @property
    def _seen(self) -> WorkerRecord:
        if self.record is None:
            self.refresh()
        return self.record or WorkerRecord(self.name)

    @property
    def _keys(self) -> Keys:
        return self._way.keys

    @property
    def key(self) -> str:
        """The key of its hash."""
        return self._keys.worker(self.name)

    @property
    def queues(self) -> list[Queue]:
        """The queues it takes jobs from, in order."""
        return [
            self.queue_class(one, self._source, job_class=self.job_class)
            if isinstance(one, str)
            else one
            for one in self._queues
        ]

    def queue_keys(self) -> list[str]:
        """The keys of their lists."""
        return [queue.key for queue in self.queues]

    @property
    def state(self) -> str:
        """`started`, `idle`, `busy`, `suspended`, `stopping` or `impaired`.

        `starting`, before the server knows of it.
        """
        return told(self._seen.state)

    def get_state(self) -> str:
        """The same as `state`."""
        return self.state

    @property
    def hostname(self) -> str:
        """The machine it is on."""
        return self._seen.hostname

    @property
    def ip_address(self) -> str:
        """Not known: a worker says which machine it is on, by name."""
        return "unknown"

    @property
    def pid(self) -> int:
        """Its process there."""
        return self._seen.pid

    @property
    def version(self) -> str:
        """Of Workhorse."""
        return self._seen.version

    @property
    def python_version(self) -> str:
        """Of Python."""
        return self._seen.python_version

    @property
    def birth_date(self) -> datetime | None:
        """When it registered, aware UTC."""
        return as_datetime(self._seen.birth)

    @property
    def last_heartbeat(self) -> datetime | None:
        """When it last beat, aware UTC."""
        return as_datetime(self._seen.last_heartbeat)

    @property
    def death_date(self) -> datetime | None:
        """Not known: a worker that has ended is forgotten."""
        return None

    @property
    def successful_job_count(self) -> int:
        """How many of its jobs have finished."""
        return self._seen.successful

    @property
    def failed_job_count(self) -> int:
        """How many of its jobs have failed."""
        return self._seen.failed

    @property
    def total_working_time(self) -> float:
        """How long functions ran in it, seconds."""
        if self._working_time is None:
            return self._seen.working_ms / 1000
        return self._working_time

    @total_working_time.setter
    def total_working_time(self, value: float) -> None:
        self._working_time = value  # django-rq converts it in place

    _working_time: float | None = None

    # What it runs

    def get_current_job_id(self) -> str | None:
        """The job it ran at its last heartbeat; the first of several."""
        return next(iter(self._seen.current), None)

    def get_current_job(self) -> Job | None:
        """The same, as a handle."""
        job_id = self.get_current_job_id()
        if job_id is None:
            return None
        try:
            return self.job_class.fetch(job_id, self._source)
        except NoSuchJobError:
            return None

    def get_current_executions(self, refresh: bool = False) -> list[Execution]:
        """What it ran at its last heartbeat."""
        if refresh:
            self.refresh()
        jobs = [self.job_class(job_id, self._source) for job_id in self._seen.current]
        return [found for job in jobs for found in job.get_executions()]

    @property
    def execution(self) -> Execution | None:
        """The first of them."""
        return next(iter(self.get_current_executions()), None)

    @property
    def current_execution_count(self) -> int:
        """How many there are."""
        return len(self._seen.current)

    @property
    def redis_server_version(self) -> tuple[int, int, int]:
        """The version of the server."""
        return self.get_redis_server_version()

    def get_redis_server_version(self) -> tuple[int, int, int]:
        """The version of the server."""
        from workhorse.compat.rq.utils import get_version

        return get_version(client_of(self._source))
