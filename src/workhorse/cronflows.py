"""What `Cron` and `CronJob` do on the server, once for sync and asyncio."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, cast

from workhorse.calls import Shaper
from workhorse.connection import Connection
from workhorse.cronentries import Definition, written_by
from workhorse.effects import Flow, command
from workhorse.flows import JobFlows
from workhorse.keys import Keys
from workhorse.names import check_cron_name, cron_job_id
from workhorse.ops import cron
from workhorse.ops.cron import CronEntry, CronRecord
from workhorse.records import as_datetime
from workhorse.sources import Source

J = TypeVar("J", bound=JobFlows)
C = TypeVar("C", bound="CronJobFlows[Any]")


class Firing(NamedTuple):
    """One job that an entry has fired; times are aware UTC.

    Attributes:
        job_id: The job, which may be gone by now.
        due: When the occurrence was due; None if somebody asked for it.
        fired_at: When it was fired.
    """

    job_id: str
    due: datetime | None
    fired_at: datetime


class Loaded(NamedTuple):
    """What storing the entries of a module did; names.

    Attributes:
        new: They were not there before.
        changed: They had another definition.
        same: They were there, just so.
        removed: They were loaded from this module before, and are not in it any more.
    """

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class CronJobFlows(Generic[J]):
    """One entry: what was last seen of it, and its flows; see `CronJob`.

    Attributes:
        name: What it is called.
    """

    _job: ClassVar[type[Any]]

    def __init__(self, source: Source, record: CronRecord) -> None:
        self.name = record.name
        self._source = source
        self._record = record

    @property
    def func_name(self) -> str:
        """The dotted name of the function."""
        return self._record.func

    @property
    def queue_name(self) -> str:
        """Where its jobs go."""
        return self._record.queue

    @property
    def description(self) -> str:
        """What is called, for people."""
        return self._record.description

    @property
    def cron(self) -> str | None:
        """Its cron expression, or None."""
        return self._record.timetable.cron or None

    @property
    def tz(self) -> str | None:
        """The timezone of that, or None."""
        return self._record.timetable.tz if self.cron else None

    @property
    def interval(self) -> float | None:
        """Seconds from one occurrence to the next, or None."""
        return self._record.timetable.interval / 1000 or None

    @property
    def policies(self) -> tuple[str, str]:
        """What it does about occurrences that were missed, and about those that overlap."""
        return self._record.missed, self._record.overlap

    @property
    def source(self) -> str | None:
        """The module that it was loaded from, or None."""
        return self._record.source or None

    @property
    def is_paused(self) -> bool:
        """Whether it fires nothing until it is resumed."""
        return self._record.paused

    @property
    def next_due(self) -> datetime | None:
        """When it is due next, aware UTC; None while it is paused."""
        return None if self._record.paused else as_datetime(self._record.due)

    @property
    def last(self) -> Firing | None:
        """What it fired last."""
        return None if self._record.last is None else _told(self._record.last)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {self.cron or self.interval}>"

    # The flows

    @property
    def _way(self) -> Connection:
        return self._source.connection

    @property
    def _keys(self) -> Keys:
        return self._way.keys

    def _refresh(self) -> Flow[None]:
        self._record = yield from cron.find(self._keys, self.name)

    def _history(self, length: int) -> Flow[list[Firing]]:
        found = yield from cron.history(self._keys, self.name, length)
        return list(map(_told, found))

    def _run(self) -> Flow[J]:
        spec = yield from cron.run_now(self._keys, self._source.codec, self.name)
        return cast("J", self._job(spec.id, self._source))

    def _pause(self) -> Flow[None]:
        yield from cron.pause(self._keys, self.name)
        yield from self._refresh()

    def _resume(self) -> Flow[None]:
        yield from cron.resume(self._keys, self.name)
        yield from self._refresh()

    def _remove(self) -> Flow[bool]:
        return (yield from cron.remove(self._keys, self.name))


class CronFlows(Generic[C]):
    """The entries of a namespace, and the flows; see `Cron`."""

    _entry: ClassVar[type[Any]]

    def __init__(
        self, connection: object = None, serializer: object = None, *, allow: Iterable[str] = ()
    ) -> None:
        self._source = Source(connection, serializer, allow)

    @property
    def connection(self) -> Connection:
        """The way to the server; found when it is first needed."""
        return self._source.connection

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    # The flows

    @property
    def _keys(self) -> Keys:
        return self.connection.keys

    def _find(self, name: str) -> Flow[C]:
        record = yield from cron.find(self._keys, check_cron_name(name))
        return cast("C", self._entry(self._source, record))

    def _all(self) -> Flow[list[C]]:
        records = yield from cron.find_all(self._keys)
        return [self._entry(self._source, record) for record in records]

    def _register(self, definition: Definition) -> Flow[C]:
        yield from cron.put(self._keys, self._checked(definition))
        return (yield from self._find(definition.name))

    def _load(self, module: str, *, prune: bool) -> Flow[Loaded]:
        source, definitions = written_by(module)
        # All are checked before the first is stored.
        entries = [self._checked(one, source) for one in definitions]
        done: dict[str, list[str]] = {"new": [], "changed": [], "same": []}
        for entry in entries:
            answer = yield from cron.put(self._keys, entry)
            done[answer].append(entry.name)
        removed = (yield from self._prune(source, entries)) if prune else ()
        return Loaded(**{what: tuple(names) for what, names in done.items()}, removed=removed)

    def _prune(self, source: str, entries: list[CronEntry]) -> Flow[tuple[str, ...]]:
        kept = {entry.name for entry in entries}
        removed = []
        for record in (yield from cron.find_all(self._keys)):
            if record.source == source and record.name not in kept:
                yield from cron.remove(self._keys, record.name)
                removed.append(record.name)
        return tuple(removed)

    def _checked(self, definition: Definition, source: str = "") -> CronEntry:
        """The entry as it is stored, its arguments sealed; nothing more can be wrong with it."""
        name, timetable, queue, call, missed, overlap = definition
        shaper = Shaper(self.connection.namespace, queue, self._source.codec)
        spec = shaper.spec(call._replace(job_id=cron_job_id(name)))
        return CronEntry(name, timetable, queue, spec, missed, overlap, source)

    def _remove(self, name: str) -> Flow[bool]:
        return (yield from cron.remove(self._keys, check_cron_name(name)))

    def _exists(self, name: str) -> Flow[bool]:
        return bool((yield command("EXISTS", self._keys.cron(check_cron_name(name)))))


def _told(firing: cron.Firing) -> Firing:
    due, at = as_datetime(firing.due), as_datetime(firing.at)
    assert at is not None  # noqa: S101 - for mypy: it has one
    return Firing(firing.job_id, due, at)
