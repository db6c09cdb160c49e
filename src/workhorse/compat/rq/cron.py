"""RQ's cron: `register`, `CronJob` and `CronScheduler`, over the entries of `workhorse.cron`.

A scheduler here is no process that anything depends on: `start` stores its entries on the server,
and whichever worker is alive fires each occurrence, once.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Self

from workhorse import cron as core
from workhorse.compat.clients import RQSource, client_of
from workhorse.compat.rq.exceptions import SchedulerNotFound
from workhorse.compat.rq.job import Job
from workhorse.compat.rq.utils import get_call_string
from workhorse.cronentries import Definition, _written, define, written_by
from workhorse.defaults import DEFAULT_RESULT_TTL
from workhorse.drivers import run
from workhorse.exceptions import NoSuchCronError, WorkhorseError
from workhorse.names import cron_job_id
from workhorse.ops import workers
from workhorse.records import as_datetime, job_record

log = logging.getLogger("rq.cron")

NAME = "workhorse"
"""What the one scheduler is called that stands for all workers."""
_OPTIONS = ("job_timeout", "result_ttl", "ttl", "failure_ttl", "meta")


class CronJob:
    """A call that recurs.

    Attributes:
        name: What it is called; without a name: as its function.
        job_options: The options of its jobs.
        latest_enqueue_time: When it was fired last, aware UTC; None if it never was.
        next_enqueue_time: When it is due next, aware UTC; None while nobody has stored it.
    """

    def __init__(
        self,
        queue_name: str,
        func: Callable[..., Any] | None = None,
        func_name: str | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        interval: float | None = None,
        cron: str | None = None,
        job_timeout: int | None = None,
        result_ttl: int = DEFAULT_RESULT_TTL,
        ttl: int | None = None,
        failure_ttl: int | None = None,
        meta: Mapping[str, Any] | None = None,
        webhooks: Sequence[Any] | None = None,
        name: str = "",
    ) -> None:
        given = (job_timeout, result_ttl, ttl, failure_ttl, meta)
        self.definition = _define(
            func or func_name or "",
            queue_name,
            args,
            kwargs,
            interval,
            cron,
            dict(zip(_OPTIONS, given, strict=True)),
            webhooks,
            name,
        )
        self.name = self.definition.name
        self.queue_name = queue_name
        self.func = func
        self.func_name = func_name or (func and f"{func.__module__}.{func.__qualname__}")
        self.args, self.kwargs = tuple(args or ()), dict(kwargs or {})
        self.interval, self.cron = interval, cron
        options = zip(_OPTIONS, given, strict=True)
        self.job_options = {word: value for word, value in options if value is not None}
        self.latest_enqueue_time: datetime | None = None
        self.next_enqueue_time: datetime | None = None

    @classmethod
    def known(cls, entry: core.CronJob) -> Self:
        """The entry that the server has."""
        found = cls.__new__(cls)
        record = entry._record
        flat = [word for pair in record.job.items() for word in pair]
        template = job_record(cron_job_id(entry.name), [b"origin", record.queue.encode(), *flat])
        job = Job(template.id, entry._source).seen(template)
        try:
            found.args, found.kwargs, meta = job.args, job.kwargs, job.meta
        except WorkhorseError:  # sealed by somebody else: what can be seen is shown
            found.args, found.kwargs, meta = (), {}, {}
        options: tuple[Any, ...] = (
            job.timeout,
            job.result_ttl,
            job.ttl,
            job.failure_ttl,
            meta or None,
        )
        found.job_options = {
            word: value for word, value in zip(_OPTIONS, options, strict=True) if value is not None
        }
        found.name, found.queue_name = entry.name, entry.queue_name
        found.func, found.func_name = None, entry.func_name
        found.interval, found.cron = entry.interval, entry.cron
        found.latest_enqueue_time = entry.last and entry.last.fired_at
        found.next_enqueue_time = entry.next_due
        return found

    @property
    def job_history_key(self) -> str:
        """Names its history; `CronScheduler.connection` reads it."""
        return get_cron_job_history_key(self.name)

    def enqueue(self, connection: object) -> Job:
        """Enqueue its job now; its timetable stays as it is."""
        found = _entries(RQSource(connection, "pickle"))
        if not found.exists(self.name):
            run(found.connection, found._register(self.definition))
        job = found.get(self.name).run()
        return Job(job.id, RQSource(connection, "pickle"))

    def get_job_ids(self, connection: object, start: int = 0, end: int = -1) -> list[str]:
        """The ids of the jobs that it has fired, newest first; at most 1000 are kept."""
        return get_cron_job_ids(self.name, connection, start, end)

    def get_next_enqueue_time(self) -> datetime | None:
        """When it is due next, counted from now if nobody has stored it."""
        if self.next_enqueue_time is not None:
            return self.next_enqueue_time
        now = datetime.now().astimezone()
        return as_datetime(self.definition.timetable.after(int(now.timestamp() * 1000)))

    def to_dict(self) -> dict[str, Any]:
        """What it is, as plain values."""
        words = ("name", "func_name", "queue_name", "args", "kwargs", "interval", "cron")
        return {**{word: getattr(self, word) for word in words}, **self.job_options}

    def __repr__(self) -> str:
        call = get_call_string(self.func_name, self.args, self.kwargs)
        return f"<CronJob {self.name!r}: {call} {self.cron or self.interval}>"


class CronScheduler:
    """Entries to be stored; or, as `all` finds it, those that the server has.

    Attributes:
        name: What it is called.
        config_file: What `load_config_from_file` has loaded, or ''.
    """

    def __init__(
        self, connection: object, logging_level: int = logging.INFO, name: str = ""
    ) -> None:
        log.setLevel(logging_level)
        self.connection = connection
        self.name = name or NAME
        self.hostname, self.pid = socket.gethostname(), os.getpid()
        self.created_at = datetime.now().astimezone()
        self.config_file = ""
        self._cron_jobs: list[CronJob] = []
        self._loaded: list[Definition] = []

    @property
    def connection(self) -> Any:
        """The program's redis client, which reads histories as RQ's tools do."""
        return None if self._given is None else _Histories(client_of(self._source), self._source)

    @connection.setter
    def connection(self, given: object) -> None:
        self._given = given
        self._source = RQSource(given, "pickle")

    def register(
        self,
        func: Callable[..., Any],
        queue_name: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        interval: float | None = None,
        cron: str | None = None,
        job_timeout: int | None = None,
        result_ttl: int = DEFAULT_RESULT_TTL,
        ttl: int | None = None,
        failure_ttl: int | None = None,
        meta: Mapping[str, Any] | None = None,
        webhooks: Sequence[Any] | None = None,
        name: str = "",
    ) -> CronJob:
        """Remember an entry; `start` stores it. Its expression is read in local time."""
        found = CronJob(
            queue_name,
            func,
            None,
            args,
            kwargs,
            interval,
            cron,
            *(job_timeout, result_ttl, ttl, failure_ttl, meta, webhooks, name),
        )
        self._cron_jobs.append(found)
        return found

    def get_jobs(self) -> list[CronJob]:
        """The entries that it is to store, or that the server has."""
        return list(self._cron_jobs)

    def load_config_from_file(self, config_path: str) -> None:
        """Import a file or a module, and remember the entries that it registers.

        Raises:
            ImportError: It cannot be imported.
        """
        self.config_file, found = written_by(config_path)
        self._loaded += found

    def start(self) -> None:
        """Store the entries, and stay until somebody ends it: as RQ's does, who fires them."""
        over = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: over.set())
        found = _entries(self._source)
        for definition in (*self._loaded, *(job.definition for job in self._cron_jobs)):
            run(found.connection, found._register(definition))
            log.info("stored the cron entry %s; any worker fires it", definition.name)
        over.wait()

    @classmethod
    def all(cls, connection: object, cleanup: bool = True) -> list[Self]:
        """One scheduler, which has all entries of the server; none if there are none."""
        del cleanup
        found = cls(connection, name=NAME)
        found._cron_jobs = [CronJob.known(entry) for entry in _entries(found._source).all()]
        return [found] if found._cron_jobs else []

    @classmethod
    def fetch(cls, name: str, connection: object) -> Self:
        """The scheduler of that name.

        Raises:
            SchedulerNotFound: It is not the one that stands for all workers, or has no entries.
        """
        for found in cls.all(connection):
            if found.name == name:
                return found
        raise SchedulerNotFound(f"CronScheduler {name!r} not found")

    @property
    def last_heartbeat(self) -> datetime | None:
        """When a worker last beat; None without one: then nothing is fired."""
        way = self._source.connection
        beats = [found.last_heartbeat or 0 for found in run(way, workers.alive(way.keys))]
        return as_datetime(max(beats)) if beats else None


class _Histories:
    """A redis client that knows how histories are kept here: a list, of times in ms."""

    def __init__(self, client: Any, source: RQSource) -> None:
        self._client = client
        self._source = source

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def zcard(self, key: str) -> int:
        """How many jobs an entry has fired that are remembered."""
        found = self._fired(key)
        return self._client.zcard(key) if found is None else len(found)

    def zrange(self, key: str, start: int, end: int, *args: Any, **options: Any) -> list[Any]:
        """The jobs that an entry has fired, with when it was, newest first."""
        found = self._fired(key)
        if found is None:
            return self._client.zrange(key, start, end, *args, **options)
        pairs = [(one.job_id.encode(), one.fired_at.timestamp()) for one in found]
        return pairs[start : None if end == -1 else end + 1]

    def _fired(self, key: str) -> list[core.Firing] | None:
        prefix = self._source.connection.keys.fired("")
        if not key.startswith(prefix):
            return None
        return _fired(self._source, key.removeprefix(prefix))


def register(
    func: Callable[..., Any],
    queue_name: str,
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    interval: float | None = None,
    cron: str | None = None,
    job_timeout: int | None = None,
    result_ttl: int = DEFAULT_RESULT_TTL,
    ttl: int | None = None,
    failure_ttl: int | None = None,
    meta: Mapping[str, Any] | None = None,
    webhooks: Sequence[Any] | None = None,
    name: str = "",
) -> Definition:
    """Write an entry down, in a file that `load_config_from_file` is given."""
    given = (job_timeout, result_ttl, ttl, failure_ttl, meta)
    options = dict(zip(_OPTIONS, given, strict=True))
    found = _define(func, queue_name, args, kwargs, interval, cron, options, webhooks, name)
    _written.append(found)
    return found


def create_cron(connection: object) -> CronScheduler:
    """A scheduler with all entries that `register` has written down."""
    found = CronScheduler(connection)
    found._loaded += _written
    return found


def get_cron_job_history_key(name: str) -> str:
    """Names the history of an entry."""
    from workhorse.compat.clients import namespace
    from workhorse.keys import Keys

    return Keys(namespace()).fired(name)


def get_cron_job_ids(name: str, connection: object, start: int = 0, end: int = -1) -> list[str]:
    """The ids of the jobs that an entry has fired, newest first."""
    found = _fired(RQSource(connection, "pickle"), name)
    return [one.job_id for one in found][start : None if end == -1 else end + 1]


def _fired(source: RQSource, name: str) -> list[core.Firing]:
    try:
        return _entries(source).get(name).history()
    except NoSuchCronError:
        return []


def _entries(source: RQSource) -> core.Cron:
    return core.Cron(source.connection, "pickle")


def _define(
    func: Callable[..., Any] | str,
    queue_name: str,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    interval: float | None,
    cron: str | None,
    options: dict[str, Any],
    webhooks: Sequence[Any] | None,
    name: str,
) -> Definition:
    zone = {} if cron is None else {"tz": _local_zone()}
    more = {"webhooks": list(webhooks)} if webhooks else {}
    given = {**options, **zone, **more, **({"name": name} if name else {})}
    return define(func, queue_name, args, kwargs, interval, cron, **given)


def _local_zone() -> str | tzinfo:
    """Where RQ reads expressions: this machine's timezone, by its name if that can be found."""
    for text in (os.environ.get("TZ", "").removeprefix(":"), os.path.realpath("/etc/localtime")):
        name = text.rpartition("zoneinfo/")[2]
        if name and not Path(name).is_absolute():
            return name
    return "UTC"


__all__ = [
    "CronJob",
    "CronScheduler",
    "create_cron",
    "get_cron_job_history_key",
    "get_cron_job_ids",
    "register",
]
