"""What `Queue` and `AsyncQueue` have in common: the defaults of their jobs, and the flows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import Any, ClassVar, Generic, TypeVar, cast

from workhorse.calls import Checked, Shaper
from workhorse.connection import Connection
from workhorse.effects import Flow, Here
from workhorse.exceptions import NoSuchJobError
from workhorse.flows import JobFlows, nonce
from workhorse.hoarding import hoarding
from workhorse.keys import Keys
from workhorse.names import check_queue_name
from workhorse.ops import control, enqueue, parents, queues, results, suspension
from workhorse.ops.leases import is_held
from workhorse.options import (
    CallOptions,
    Duration,
    EnqueueData,
    OnCrash,
    lasting_ms,
    options_of,
)
from workhorse.records import CallSpec
from workhorse.sources import Source

J = TypeVar("J", bound=JobFlows)


class QueueFlows(Generic[J]):
    """A queue's name, its defaults and its flows; see `Queue` for the parameters.

    Attributes:
        name: Its name.
        is_async: False: jobs run at once, in the process that enqueues them.
        source: What the queue and its jobs stand on.
    """

    _job: ClassVar[type[Any]]

    def __init__(  # noqa: PLR0913 - RQ's parameters, and three that are ours
        self,
        name: str = "default",
        connection: object = None,
        default_timeout: Duration | None = None,
        is_async: bool = True,  # noqa: FBT001, FBT002 - as in RQ
        serializer: object = None,
        *,
        allow: Iterable[str] = (),
        default_result_ttl: Duration | None = None,
        on_crash: OnCrash | None = None,
    ) -> None:
        self.is_async = is_async
        self.name = check_queue_name(name)
        self.source = Source(connection, serializer, allow)
        self._defaults: CallOptions = {
            "timeout": default_timeout,
            "result_ttl": default_result_ttl,
            "on_crash": on_crash,
        }
        options_of(EnqueueData("", **self._defaults))  # raises early if they make no sense
        self._shaping: Shaper | None = None

    @property
    def connection(self) -> Connection:
        """The way to the queue's server; found when it is first needed."""
        return self._way

    @property
    def key(self) -> str:
        """The key of the queue's list on the server."""
        return self._keys.queue(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QueueFlows) and other.name == self.name

    def __lt__(self, other: object) -> bool:
        return self.name < other.name if isinstance(other, QueueFlows) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __bool__(self) -> bool:
        return True  # an empty queue is one, too

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    # The flows

    @property
    def _way(self) -> Connection:
        return self.source.connection

    @property
    def _keys(self) -> Keys:
        return self._way.keys

    @property
    def _shaper(self) -> Shaper:
        if self._shaping is None:
            namespace, codec = self._way.namespace, self.source.codec
            self._shaping = Shaper(namespace, self.name, codec, self._defaults)
        return self._shaping

    def _storing(
        self, call: EnqueueData, due: int | None = None, delay: int | None = None
    ) -> Flow[J]:
        spec = self._shaper.spec(call, due, delay)
        if not self.is_async and due is None and delay is None:
            _refuse_a_limit(call)
            # Of jobs whose parents have failed the server knows what becomes of them.
            if not spec.waits or (yield from parents.are_met(self._keys, spec)):
                return (yield from self._running_here(spec._replace(waits=False)))
        stored = yield from enqueue.enqueue(self._keys, self.name, (spec,))
        job = cast("J", object.__new__(self._job))
        return job.sent(self.source, spec, self.name, stored.now)

    def _running_here(self, spec: CallSpec) -> Flow[J]:
        """Store a call as begun, run it in this process, and settle it as a worker would.

        A queue that runs its own jobs is a worker, so this is the one place where the client
        reaches for the worker's code: by name, for all others do without it.
        """
        immediate = import_module("workhorse.worker.immediate")
        lease, leased = immediate.begin(spec, self.name)
        stored = yield from enqueue.enqueue(self._keys, self.name, (leased,))
        # What an earlier send has stored is ours to run as well, unless its lease is lost by now.
        if stored.fresh[0] or (yield from is_held(self._keys, lease)):
            outcome = yield Here(partial(immediate.run_here, lease, self.source))
            yield from immediate.settled(self._keys, outcome)
        return cast("J", self._job(spec.id, self.source))

    def _storing_many(self, calls: Iterable[EnqueueData]) -> Flow[list[J]]:
        if not self.is_async:
            jobs = []
            for call in calls:
                job = yield from self._storing(call)
                jobs.append(job)
            return jobs
        check = self._shaper.check
        if not isinstance(calls, list | tuple):
            calls = list(calls)  # what makes them is not ours, and may take its time
        with hoarding():
            checked = [check(call) for call in calls]
        specs: list[CallSpec] = []
        if any(call.job_id is not None for call, *_ in checked):
            specs += map(self._shaper.shape, checked)
            _refuse_the_same_id_twice(specs)
            now = (yield from enqueue.enqueue(self._keys, self.name, specs)).now
        else:
            now = yield from enqueue.enqueue_all(
                self._keys, self.name, self._shaped(checked, specs)
            )
        kind, source, name = cast("type[J]", self._job), self.source, self.name
        with hoarding():
            return [object.__new__(kind).sent(source, spec, name, now) for spec in specs]

    def _shaped(self, checked: list[Checked], specs: list[CallSpec]) -> Iterator[CallSpec]:
        """The calls as they are sent, each made when it is wanted, and added to *specs*."""
        for call in checked:
            spec = self._shaper.shape(call)
            specs.append(spec)
            yield spec

    def _count(self) -> Flow[int]:
        return (yield from queues.length(self._keys, self.name))

    def _job_ids(self, offset: int, length: int) -> Flow[list[str]]:
        if length == 0:
            return []
        stop = -1 if length < 0 else offset + length - 1
        return (yield from queues.ids(self._keys, self.name, offset, stop))

    def _jobs(self, offset: int, length: int) -> Flow[list[J]]:
        ids = yield from self._job_ids(offset, length)
        records = yield from results.fetch_many(self._keys, ids)
        return [self._job(record.id, self.source).seen(record) for record in records if record]

    def _fetch_job(self, job_id: str) -> Flow[J | None]:
        try:
            record = yield from results.fetch(self._keys, job_id)
        except NoSuchJobError:
            return None
        if record.origin != self.name:
            return None
        return cast("J", self._job(record.id, self.source).seen(record))

    def _position(self, job_id: str) -> Flow[int | None]:
        return (yield from queues.position(self._keys, self.name, job_id))

    def _empty(self) -> Flow[int]:
        return (yield from queues.empty(self._keys, self.name))

    def _delete(self, *, delete_jobs: bool) -> Flow[None]:
        if delete_jobs:
            yield from queues.empty(self._keys, self.name)
        yield from queues.remove_name(self._keys, self.name)

    def _suspend(self, ttl: Duration | None) -> Flow[None]:
        yield from suspension.suspend(self._keys, [self.name], lasting_ms(ttl))

    def _resume(self) -> Flow[bool]:
        return (yield from suspension.resume(self._keys, [self.name])) > 0

    def _is_suspended(self) -> Flow[bool]:
        found = yield from suspension.suspended(self._keys)
        return self.name in found or suspension.ALL in found

    def _remove(self, job_id: str) -> Flow[None]:
        yield from control.cancel(self._keys, job_id, nonce())


def _refuse_a_limit(call: EnqueueData) -> None:
    if call.rate_limit is not None:
        raise ValueError(
            "rate_limit: a queue with is_async=False runs its jobs at once and keeps no limit; "
            "leave it out, or use a queue that workers serve"
        )


def _refuse_the_same_id_twice(specs: list[CallSpec]) -> None:
    ids = [spec.id for spec in specs]
    if len(set(ids)) < len(ids):
        twice = next(job_id for job_id in ids if ids.count(job_id) > 1)
        raise ValueError(f"job_id {twice!r} is there twice; each job needs its own")
