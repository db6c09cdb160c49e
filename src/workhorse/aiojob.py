"""`AsyncJob`: one job, for asyncio; see `aio`."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any, Self

from workhorse.drivers import arun
from workhorse.exceptions import InvalidJobOperation
from workhorse.executions import Execution
from workhorse.flows import JobFlows
from workhorse.ops.commands import WITHIN
from workhorse.records import JobRecord
from workhorse.result import Result
from workhorse.sources import Source
from workhorse.states import JobStatus


class AsyncJob(JobFlows):
    """A handle on one job; see `Job`. `await job` waits for it and gives what it returned."""

    __slots__ = ()

    @classmethod
    async def fetch(
        cls,
        id: str,  # noqa: A002 - RQ's name
        connection: object = None,
        serializer: object = None,
        *,
        allow: Iterable[str] = (),
    ) -> Self:
        """The job with this id; see `Job.fetch`."""
        job = cls(id, connection, serializer, allow=allow)
        await job.refresh()
        return job

    @classmethod
    async def fetch_many(
        cls,
        ids: Sequence[str],
        connection: object = None,
        serializer: object = None,
        *,
        allow: Iterable[str] = (),
    ) -> list[Self | None]:
        """The jobs with these ids; see `Job.fetch_many`."""
        source = Source(connection, serializer, allow)
        return await arun(source.connection, cls._fetch_many(source, ids))

    @classmethod
    async def exists(cls, id: str, connection: object = None) -> bool:  # noqa: A002 - RQ's name
        """Whether there is such a job; see `Job.exists`."""
        job = cls(id, connection)
        return await arun(job._way, job._exists())

    def __await__(self) -> Generator[Any, Any, Any]:
        """Wait until the job has ended; what its function returned.

        Raises:
            JobFailedError: It failed, or was stopped or canceled; with the worker's traceback.
            NoSuchJobError: There is no such job, or it was deleted meanwhile.
        """
        return arun(self._way, self._outcome()).__await__()

    # How it is

    async def get_status(self, refresh: bool = True) -> JobStatus:  # noqa: FBT001, FBT002 - as in RQ
        """Where the job is in its life; see `Job.get_status`."""
        return await arun(self._way, self._get_status(refresh=refresh))

    async def is_queued(self) -> bool:
        """Whether it waits in its queue."""
        return await arun(self._way, self._is(JobStatus.QUEUED))

    async def is_started(self) -> bool:
        """Whether it runs."""
        return await arun(self._way, self._is(JobStatus.STARTED))

    async def is_finished(self) -> bool:
        """Whether its function has returned."""
        return await arun(self._way, self._is(JobStatus.FINISHED))

    async def is_failed(self) -> bool:
        """Whether it failed for good."""
        return await arun(self._way, self._is(JobStatus.FAILED))

    async def is_deferred(self) -> bool:
        """Whether it waits for other jobs."""
        return await arun(self._way, self._is(JobStatus.DEFERRED))

    async def is_scheduled(self) -> bool:
        """Whether it waits for its time."""
        return await arun(self._way, self._is(JobStatus.SCHEDULED))

    async def is_stopped(self) -> bool:
        """Whether it was stopped while it ran."""
        return await arun(self._way, self._is(JobStatus.STOPPED))

    async def is_canceled(self) -> bool:
        """Whether it was canceled before it ran."""
        return await arun(self._way, self._is(JobStatus.CANCELED))

    async def get_position(self) -> int | None:
        """How many jobs are ahead of it in its queue; see `Job.get_position`."""
        return await arun(self._way, self._get_position())

    async def get_ttl(self) -> int | None:
        """Seconds until the job expires; see `Job.get_ttl`."""
        return await arun(self._way, self._get_ttl())

    async def refresh(self) -> None:
        """Read the job anew; see `Job.refresh`."""
        await arun(self._way, self._refresh())

    # What came of it

    async def return_value(self, refresh: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - as in RQ
        """What the function returned; None as long as it has not; see `Job.return_value`."""
        return await arun(self._way, self._return_value(refresh=refresh))

    async def result(self) -> Any:  # noqa: ANN401 - whatever the function returned
        """The same as `return_value()`."""
        return await arun(self._way, self._return_value(refresh=False))

    async def exc_info(self) -> str | None:
        """The traceback of its last failure, or None."""
        return await arun(self._way, self._exc_info())

    async def wait(self, timeout: float | None = None) -> JobStatus:  # noqa: ASYNC109 - as in Job
        """Wait until the job has ended; see `Job.wait`."""
        return await arun(self._way, self._wait(timeout))

    async def latest_result(self, timeout: float = 0) -> Result | None:  # noqa: ASYNC109 - as in RQ
        """The newest run and what came of it; see `Job.latest_result`."""
        return await arun(self._way, self._latest_result(timeout))

    async def results(self) -> list[Result]:
        """All runs that are remembered, newest first; see `Job.results`."""
        return await arun(self._way, self._results())

    # What can be done

    async def cancel(self, enqueue_dependents: bool = False) -> None:  # noqa: FBT001, FBT002 - as in RQ
        """Keep the job from running; see `Job.cancel`."""
        await arun(self._way, self._cancel(release=enqueue_dependents))

    async def delete(self, delete_dependents: bool = False) -> bool:  # noqa: FBT001, FBT002 - as in RQ
        """Forget the job, whatever its status; see `Job.delete`."""
        return await arun(self._way, self._delete(dependents=delete_dependents))

    async def delete_dependents(self) -> int:
        """Forget the jobs that wait for this one; see `Job.delete_dependents`."""
        return await arun(self._way, self._delete_dependents())

    async def dependent_ids(self) -> list[str]:
        """The ids of the jobs that wait for this one."""
        return await arun(self._way, self._dependent_ids())

    async def stop(self, timeout: float = WITHIN) -> None:  # noqa: ASYNC109 - as in Job
        """End the job, which runs; see `Job.stop`."""
        await arun(self._way, self._stop(timeout))

    async def get_executions(self) -> list[Execution]:
        """The runs of the job that go on; see `Job.get_executions`."""
        return await arun(self._way, self._executions())

    async def requeue(self, at_front: bool = False) -> Self:  # noqa: FBT001, FBT002 - as in RQ
        """Run the job once more; see `Job.requeue`."""
        return await arun(self._way, self._requeue(at_front=at_front))

    async def promote(self, at_front: bool = False) -> None:  # noqa: FBT001, FBT002 - as `requeue`
        """Put the job into its queue now; see `Job.promote`."""
        await arun(self._way, self._promote(at_front=at_front))

    async def get_meta(self, refresh: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 - as in RQ
        """What the job carries for its user; see `Job.get_meta`."""
        return await arun(self._way, self._get_meta(refresh=refresh))

    async def save_meta(self) -> None:
        """Store `meta` as it is here now; see `Job.save_meta`."""
        await arun(self._way, self._save_meta())

    def _unseen(self) -> JobRecord:
        raise InvalidJobOperation(
            f"nothing is known here yet of job {self.id!r}; call 'await job.refresh()' first"
        )
