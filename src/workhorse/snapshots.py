"""A job as it was last seen: what `Job` and `AsyncJob` say without asking the server.

A handle is an id and a connection, and keeps the record that it saw last. The handle that
`enqueue` returns has seen none: its record is what was sent, put together when it is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Self

from workhorse.aftermath import Aftermath
from workhorse.callables import describe, resolve
from workhorse.connection import Connection
from workhorse.dependency import RateLimit
from workhorse.envelopes import Arguments, Bearer, open_call, open_meta
from workhorse.keys import Keys
from workhorse.names import check_job_id
from workhorse.policies import Repeat, Retry
from workhorse.records import CallSpec, JobRecord, as_datetime, job_record
from workhorse.sources import Source
from workhorse.states import JobStatus

UNSET: Any = object()
"""Not known yet, where None would be a value."""


class JobSnapshot(Aftermath):
    """One job: what is known of it here, and how to ask for more.

    Attributes:
        id: The job's id.
    """

    __slots__ = (
        *("_arguments", "_meta", "_record", "_sent", "_source", "_status", "_told", "_value"),
        "id",
    )

    def __init__(
        self,
        id: str,  # noqa: A002 - RQ's name
        connection: object = None,
        serializer: object = None,
        *,
        allow: Iterable[str] = (),
    ) -> None:
        self.id = check_job_id(id)
        if not isinstance(connection, Source):
            connection = Source(connection, serializer, allow)
        self._source: Source = connection
        self._sent: tuple[CallSpec, str, int] | None = None
        self._record: JobRecord | None = None
        self._status: JobStatus | None = None
        self._value = self._arguments = self._meta = UNSET
        self._told: bytes | None = None

    def sent(self, source: Source, spec: CallSpec, queue: str, now: int) -> Self:
        """The handle of what was just sent; the record is made of it when it is wanted.

        In place of `__init__`: the id was checked before it was sent.
        """
        self.id = spec.id
        self._source = source
        self._sent = spec, queue, now
        self._record = self._status = None
        self._value = self._arguments = self._meta = UNSET
        self._told = None
        return self

    def seen(self, record: JobRecord) -> Self:
        """This handle, knowing a record that was read."""
        self._record = record
        self._status = record.status
        self._value = self._arguments = self._meta = UNSET
        self._told = None
        return self

    @property
    def connection(self) -> Connection:
        """The way to the job's server; found and opened when it is first needed."""
        return self._way

    @property
    def record(self) -> JobRecord:
        """The job as it was last seen."""
        if self._record is not None:
            return self._record
        record = _as_stored(*self._sent) if self._sent else self._unseen()
        told, status = self._told, self._status
        self.seen(record)
        if self._sent and status is not None:
            # What was sent is put together only now; what was heard since is newer.
            self._told, self._status = told, status
        return record

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JobSnapshot) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        known = f" {self._status}" if self._status else ""
        what = f" {self._record.description}" if self._record else ""
        return f"<{type(self).__name__} {self.id}{known}{what}>"

    # What the record says

    @property
    def key(self) -> str:
        """The key of the job's hash on the server."""
        return self._keys.job(self.id)

    @property
    def origin(self) -> str:
        """The name of the queue that the job was put into."""
        return self.record.origin

    @property
    def func_name(self) -> str:
        """The dotted name of the function."""
        return self.record.func

    @property
    def func(self) -> Callable[..., Any]:
        """The function itself, imported.

        Raises:
            NotImportable: It cannot be imported here.
        """
        found: Callable[..., Any] = resolve(self.record.func)
        return found

    @property
    def description(self) -> str:
        """The call as one line for people; what the producer wrote, or made of the call."""
        return self.record.description

    @property
    def data(self) -> bytes:
        """The sealed arguments."""
        return self.record.data

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments.

        Raises:
            RefusedPayload: They are not to be trusted; the text says why.
        """
        return tuple(self._call.args)

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments.

        Raises:
            RefusedPayload: They are not to be trusted; the text says why.
        """
        return dict(self._call.kwargs)

    @property
    def instance(self) -> Any:  # noqa: ANN401 - whatever the user enqueued a method of
        """The object whose method the job calls, or None.

        Raises:
            RefusedPayload: It is not to be trusted; the text says why.
        """
        return self._call.instance

    @property
    def meta(self) -> dict[str, Any]:
        """What the job carries for its user; change it and call `save_meta`.

        Raises:
            RefusedPayload: It is not to be trusted; the text says why.
        """
        if self._meta is UNSET:
            self._meta = open_meta(self._source.codec, self._bearer, self.record.meta)
        found: dict[str, Any] = self._meta
        return found

    @meta.setter
    def meta(self, value: Mapping[str, Any]) -> None:
        self._meta = dict(value)

    @property
    def created_at(self) -> datetime | None:
        """When the job was stored; aware UTC, by the server's clock, as all its times."""
        return as_datetime(self.record.created_at)

    @property
    def enqueued_at(self) -> datetime | None:
        """When it last went into its queue; None if it never has."""
        return as_datetime(self.record.enqueued_at)

    @property
    def started_at(self) -> datetime | None:
        """When its last run began, or None."""
        return as_datetime(self.record.started_at)

    @property
    def ended_at(self) -> datetime | None:
        """When its last run ended, or None."""
        return as_datetime(self.record.ended_at)

    @property
    def timeout(self) -> float:
        """How long it may run, seconds; -1 for no limit."""
        limit = self.record.timeout
        return int(limit) if limit.is_integer() else limit

    @property
    def result_ttl(self) -> int | None:
        """How long it is kept once it has finished, seconds.

        None: 500, or not at all if it returns None.
        """
        return self.record.result_ttl

    @property
    def failure_ttl(self) -> int | None:
        """How long it is kept once it has failed, seconds; None: a year."""
        return self.record.failure_ttl

    @property
    def ttl(self) -> int | None:
        """How long it may wait in its queue, seconds; None: for ever."""
        return self.record.ttl

    @property
    def worker_name(self) -> str:
        """The worker that runs it or ran it last, or ''."""
        return self.record.worker_name

    @property
    def number_of_retries(self) -> int:
        """How often it has been retried."""
        return self.record.retries

    @property
    def retries_left(self) -> int | None:
        """How often it may still be retried; None if it has no `Retry`."""
        text = self.record.retry
        return max(0, Retry.from_text(text).max - self.record.retries) if text else None

    @property
    def is_known(self) -> bool:
        """Whether this handle has seen the job, or sent it."""
        return self._record is not None or self._sent is not None

    @property
    def dependency_ids(self) -> list[str]:
        """The ids of the jobs that it was to wait for."""
        return self.record.parents.replace("!", "").split()

    @property
    def allow_dependency_failures(self) -> bool:
        """Whether it runs if a job that it waits for fails."""
        return self.record.on_parent == "run"

    @property
    def enqueue_at_front(self) -> bool:
        """Whether it goes to the head of its queue when its turn comes."""
        return self.record.front == "1"

    @property
    def group_id(self) -> str | None:
        """The name of its group, or None."""
        return self.record.group_id or None

    @property
    def rate_limit(self) -> RateLimit | None:
        """The limit that it shares with others, or None."""
        text = self.record.rate_limit
        return RateLimit.from_text(text) if text else None

    @property
    def repeats_left(self) -> int | None:
        """How often it will run again after it has finished; None if it has no `Repeat`."""
        text = self.record.repeat
        return max(0, Repeat.from_text(text).times - self.record.repeats) if text else None

    def get_call_string(self) -> str:
        """The call as one line for people, made of the arguments.

        Raises:
            RefusedPayload: They are not to be trusted; the text says why.
        """
        return describe(self.func_name, self.args, self.kwargs)

    # For subclasses

    @property
    def _way(self) -> Connection:
        return self._source.connection

    @property
    def _keys(self) -> Keys:
        return self._way.keys

    @property
    def _bearer(self) -> Bearer:
        return Bearer(self._way.namespace, self.record.origin, self.id)

    @property
    def _call(self) -> Arguments:
        if self._arguments is UNSET:
            record = self.record
            self._arguments = open_call(
                self._source.codec, self._bearer, record.func, record.signed, record.data
            )
        found: Arguments = self._arguments
        return found

    def _unseen(self) -> JobRecord:
        """What to do when the record is wanted and was never read."""
        raise NotImplementedError


def _as_stored(spec: CallSpec, queue: str, now: int) -> JobRecord:
    """The record of a job that was sent, read in the same way as one that was fetched."""
    later = spec.due is not None or spec.delay is not None
    status = JobStatus.SCHEDULED if later else JobStatus.QUEUED
    if spec.waits:
        status = JobStatus.DEFERRED
    words = ("status", status, "origin", queue, "created_at", now, *spec.fields)
    return job_record(
        spec.id, [word if isinstance(word, bytes) else str(word).encode() for word in words]
    )
