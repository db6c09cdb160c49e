"""`Group` and `AsyncGroup`: jobs that belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil
from types import TracebackType
from typing import Any, Generic, Self, TypeVar
from zlib import crc32

from workhorse.aio import AsyncJob, AsyncQueue
from workhorse.calls import Shaper
from workhorse.clock import new_id
from workhorse.connection import Connection
from workhorse.drivers import arun, run
from workhorse.effects import Flow
from workhorse.exceptions import ConnectionLost, InvalidJobOperation, NoSuchJobError
from workhorse.flows import JobFlows, as_id, nonce
from workhorse.job import Job
from workhorse.keys import Keys
from workhorse.names import check_group_name, check_queue_name
from workhorse.ops import control, groups
from workhorse.ops.groups import GroupProgress
from workhorse.options import Duration, EnqueueData
from workhorse.queue import Queue
from workhorse.queueflows import QueueFlows
from workhorse.schedules import seconds
from workhorse.snapshots import JobSnapshot
from workhorse.sources import Source

__all__ = ["AsyncGroup", "Group", "GroupProgress"]

A_WEEK = 7 * 86_400
LONGEST_NAME = 119
"""How much of a group's name is in the id of the job that it leaves, characters."""
Completion = EnqueueData | Callable[..., Any] | str
"""What to call when a group is complete: a call, or a function that takes the group's name."""

J = TypeVar("J", bound=JobFlows)


class GroupFlows(Generic[J]):
    """A group's name and its flows; see `Group`.

    Attributes:
        name: Its name.
    """

    def __init__(
        self,
        connection: object = None,
        name: str | None = None,
        *,
        serializer: object = None,
        allow: Iterable[str] = (),
    ) -> None:
        self.name = check_group_name(new_id() if name is None else name)
        self._source = Source(connection, serializer, allow)
        self._holder = ""

    @property
    def connection(self) -> Connection:
        """The way to the group's server; found when it is first needed."""
        return self._way

    @property
    def key(self) -> str:
        """The key of the group's hash on the server."""
        return self._keys.group(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupFlows) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def _way(self) -> Connection:
        return self._source.connection

    @property
    def _keys(self) -> Keys:
        return self._way.keys

    def _create(self, on_complete: Completion | None, queue: str, ttl: Duration) -> Flow[Self]:
        kept = seconds(ttl, what="ttl")
        if kept != -1 and kept <= 0:
            raise ValueError(
                f"ttl={ttl!r}: the group would be gone before anybody could ask how it went; give "
                f"a number of seconds above 0, or -1 to keep it for ever"
            )
        spec = None
        if on_complete is not None:
            call = on_complete
            if not isinstance(call, EnqueueData):
                call = EnqueueData(call, (self.name,))
            _refuse_bonds(call)
            call = call._replace(job_id=_completion_id(self.name))
            shaper = Shaper(self._source.namespace, check_queue_name(queue), self._source.codec)
            spec = shaper.spec(call)
        kept_ms = -1 if kept == -1 else ceil(kept * 1000)
        made = groups.open_group(self._keys, self.name, nonce(), kept_ms, spec, queue)
        yield from made
        return self

    def _found(self) -> Flow[Self]:
        yield from groups.progress(self._keys, self.name)
        return self

    def _hold(self) -> Flow[None]:
        self._holder = nonce()
        yield from groups.hold(self._keys, self.name, self._holder)

    def _release(self) -> Flow[None]:
        yield from groups.hold(self._keys, self.name, self._holder, 0)

    def _adding(self, queue: QueueFlows[J], calls: Iterable[EnqueueData]) -> Flow[list[J]]:
        mine = [call._replace(group_id=self.name) for call in calls]
        self._refuse_elsewhere(queue)
        holder = nonce()
        yield from groups.hold(self._keys, self.name, holder)
        try:
            jobs = yield from queue._storing_many(mine)  # noqa: SLF001 - the flow of `enqueue_many`
        except ConnectionLost:
            raise  # there is nobody to tell
        except Exception:
            yield from groups.hold(self._keys, self.name, holder, 0)
            raise
        yield from groups.hold(self._keys, self.name, holder, 0)
        return jobs

    def _refuse_elsewhere(self, queue: QueueFlows[J]) -> None:
        here, there = self._way, queue.source.connection
        if (here.url, here.namespace) != (there.url, there.namespace):
            raise ValueError(
                f"queue {queue.name!r} is in namespace {there.namespace!r} on {there.endpoint}, "
                f"and group {self.name!r} in {here.namespace!r} on {here.endpoint}: use one"
            )

    def _wait(self, timeout: float | None) -> Flow[GroupProgress]:
        done = yield from groups.wait(self._keys, self.name, timeout)
        if done is None:
            raise TimeoutError(f"group {self.name!r} is not complete after {timeout:g} s")
        return done

    def _canceling(self) -> Flow[int]:
        ids = yield from groups.member_ids(self._keys, self.name)
        canceled = 0
        for job_id in ids:
            try:
                yield from control.cancel(self._keys, job_id, nonce())
            except (InvalidJobOperation, NoSuchJobError):
                continue  # it runs, has ended, or is gone
            canceled += 1
        return canceled

    def _records(self, kind: type[J]) -> Flow[list[J]]:
        ids = yield from groups.member_ids(self._keys, self.name)
        found = yield from kind._fetch_many(self._source, ids)  # noqa: SLF001 - the flow of `fetch_many`
        return [job for job in found if job is not None]


class Group(GroupFlows[Job]):
    """Jobs that belong together: counted, waited for and canceled as one.

    Args:
        connection: As in `Queue`.
        name: Letters, digits, '_' and '-'; left out: a new one is made up.
        serializer: As in `Queue`; for what `on_complete` is given.
        allow: Likewise.
    """

    @classmethod
    def create(  # noqa: PLR0913 - RQ's two, and ours
        cls,
        connection: object = None,
        name: str | None = None,
        *,
        on_complete: Completion | None = None,
        queue: str = "default",
        ttl: Duration = A_WEEK,
        serializer: object = None,
        allow: Iterable[str] = (),
    ) -> Self:
        """A new group on the server.

        Args:
            connection: As in `Queue`.
            name: Its name; left out: one is made up.
            on_complete: What to call, once, as a job of its own, when all jobs have ended in one
                way or another: a function, which is given the group's name, or what
                `Queue.prepare_data` returned.
            queue: The queue that this call goes to.
            ttl: How long the group is kept after that; -1 for ever.
            serializer: As in `Queue`.
            allow: As in `Queue`.

        Raises:
            DuplicateGroupError: There is a group of that name.
            ValueError: A value makes no sense, or the call could not be made at once.
        """
        group = cls(connection, name, serializer=serializer, allow=allow)
        return run(group._way, group._create(on_complete, queue, ttl))

    @classmethod
    def fetch(cls, name: str, connection: object = None) -> Self:
        """The group of that name.

        Raises:
            NoSuchGroupError: There is none.
        """
        group = cls(connection, name)
        return run(group._way, group._found())

    @classmethod
    def all(cls, connection: object = None) -> list[Self]:
        """All groups, the oldest first."""
        way = Source(connection).connection
        return [cls(way, name) for name in run(way, groups.names(way.keys))]

    def enqueue_many(self, queue: Queue, job_datas: Iterable[EnqueueData]) -> list[Job]:
        """Enqueue calls as jobs of this group; it is not complete before all are stored.

        Args:
            queue: Where they go.
            job_datas: What `Queue.prepare_data` returned.

        Raises:
            NoSuchGroupError: The group is gone.
            ValueError: The queue is in another namespace, or on another server.
        """
        return run(self._way, self._adding(queue, job_datas))

    def __enter__(self) -> Self:
        """Until the end of the `with`, the group is not complete: jobs are being added.

        Jobs are added by `enqueue_many`, or by `queue.enqueue(..., group_id=group.name)`.
        """
        run(self._way, self._hold())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        run(self._way, self._release())

    @property
    def progress(self) -> GroupProgress:
        """How many jobs it has, and what became of them.

        Raises:
            NoSuchGroupError: It is gone.
        """
        return run(self._way, groups.progress(self._keys, self.name))

    def wait(self, timeout: float | None = None) -> GroupProgress:
        """Wait until all jobs have ended; what became of them. Nothing is polled.

        Args:
            timeout: The longest wait, seconds; None for as long as it takes.

        Raises:
            TimeoutError: The time is up.
            NoSuchGroupError: The group is gone.
        """
        return run(self._way, self._wait(timeout))

    def get_jobs(self) -> list[Job]:
        """Its jobs that are still kept, in the order in which their ids sort."""
        return run(self._way, self._records(Job))

    def job_ids(self) -> list[str]:
        """The ids of all its jobs, those that have expired included."""
        return run(self._way, groups.member_ids(self._keys, self.name))

    def cancel(self) -> int:
        """Cancel all of its jobs that have not begun; how many there were."""
        return run(self._way, self._canceling())

    def delete_job(self, job: JobSnapshot | str) -> bool:
        """Delete one job; whether there was one."""
        return run(self._way, control.delete(self._keys, as_id(job)))

    def delete(self) -> bool:
        """Forget the group, but not its jobs; whether there was one."""
        return run(self._way, groups.delete(self._keys, self.name))


class AsyncGroup(GroupFlows[AsyncJob]):
    """Jobs that belong together; see `Group`."""

    @classmethod
    async def create(  # noqa: PLR0913 - RQ's two, and ours
        cls,
        connection: object = None,
        name: str | None = None,
        *,
        on_complete: Completion | None = None,
        queue: str = "default",
        ttl: Duration = A_WEEK,
        serializer: object = None,
        allow: Iterable[str] = (),
    ) -> Self:
        """A new group on the server; see `Group.create`."""
        group = cls(connection, name, serializer=serializer, allow=allow)
        return await arun(group._way, group._create(on_complete, queue, ttl))

    @classmethod
    async def fetch(cls, name: str, connection: object = None) -> Self:
        """The group of that name; see `Group.fetch`."""
        group = cls(connection, name)
        return await arun(group._way, group._found())

    @classmethod
    async def all(cls, connection: object = None) -> list[Self]:
        """All groups, the oldest first."""
        way = Source(connection).connection
        return [cls(way, name) for name in await arun(way, groups.names(way.keys))]

    async def enqueue_many(
        self, queue: AsyncQueue, job_datas: Iterable[EnqueueData]
    ) -> list[AsyncJob]:
        """Enqueue calls as jobs of this group; see `Group.enqueue_many`."""
        return await arun(self._way, self._adding(queue, job_datas))

    async def __aenter__(self) -> Self:
        """Until the end of the `async with`, the group is not complete."""
        await arun(self._way, self._hold())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await arun(self._way, self._release())

    async def progress(self) -> GroupProgress:
        """How many jobs it has, and what became of them; see `Group.progress`."""
        return await arun(self._way, groups.progress(self._keys, self.name))

    async def wait(self, timeout: float | None = None) -> GroupProgress:  # noqa: ASYNC109 - as `Group.wait`
        """Wait until all jobs have ended; see `Group.wait`."""
        return await arun(self._way, self._wait(timeout))

    async def get_jobs(self) -> list[AsyncJob]:
        """Its jobs that are still kept; see `Group.get_jobs`."""
        return await arun(self._way, self._records(AsyncJob))

    async def job_ids(self) -> list[str]:
        """The ids of all its jobs; see `Group.job_ids`."""
        return await arun(self._way, groups.member_ids(self._keys, self.name))

    async def cancel(self) -> int:
        """Cancel all of its jobs that have not begun; how many there were."""
        return await arun(self._way, self._canceling())

    async def delete_job(self, job: JobSnapshot | str) -> bool:
        """Delete one job; whether there was one."""
        return await arun(self._way, control.delete(self._keys, as_id(job)))

    async def delete(self) -> bool:
        """Forget the group, but not its jobs; whether there was one."""
        return await arun(self._way, groups.delete(self._keys, self.name))


def _completion_id(name: str) -> str:
    """The id of the job that a group leaves; in that of a long name, a sum stands for its end."""
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 9]}-{crc32(name.encode()):08x}"
    return f"{name}-complete"


def _refuse_bonds(call: EnqueueData) -> None:
    for option in ("depends_on", "rate_limit", "group_id", "ttl"):
        if getattr(call, option) is not None:
            raise ValueError(
                f"on_complete has {option}=, but it runs as soon as the group is complete; leave "
                f"that out, or let it enqueue another job"
            )
