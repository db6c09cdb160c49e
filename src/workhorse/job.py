"""`Job`: one stored function call, as its producer and its function hold it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from workhorse.current import running_job
from workhorse.drivers import run
from workhorse.executions import Execution
from workhorse.flows import JobFlows
from workhorse.ops import results
from workhorse.ops.commands import WITHIN
from workhorse.records import JobRecord
from workhorse.result import Result
from workhorse.sources import Source
from workhorse.states import JobStatus

__all__ = ["Job", "JobStatus", "cancel_job", "get_current_job", "requeue_job"]


class Job(JobFlows):
    """A handle on one job: an id and a connection.

    `Queue.enqueue` returns one, `Job.fetch` finds one. What says where a job is now
    (`get_status`, `is_finished`, `result`, `exc_info`, ...) asks the server each time; everything
    else (`created_at`, `origin`, `args`, ...) is what was last seen, until `refresh`.

    Args:
        id: The job's id.
        connection: A URL, a `Connection`, or a client object of redis or valkey; left out: see
            `connect`.
        serializer: What decodes arguments and results: None, 'json', 'pickle', ...
        allow: For the default serializer: patterns of the classes that it may make.

    Raises:
        ValueError: No job can have this id.
    """

    __slots__ = ()

    @classmethod
    def fetch(
        cls,
        id: str,  # noqa: A002 - RQ's name
        connection: object = None,
        serializer: object = None,
        *,
        allow: Iterable[str] = (),
    ) -> Self:
        """The job with this id.

        Raises:
            NoSuchJobError: There is none; `.why` says what became of it if that is known.
        """
        job = cls(id, connection, serializer, allow=allow)
        job.refresh()
        return job

    @classmethod
    def fetch_many(
        cls,
        ids: Sequence[str],
        connection: object = None,
        serializer: object = None,
        *,
        allow: Iterable[str] = (),
    ) -> list[Self | None]:
        """The jobs with these ids in one round trip; None for those that do not exist."""
        source = Source(connection, serializer, allow)
        return run(source.connection, cls._fetch_many(source, ids))

    @classmethod
    def exists(cls, id: str, connection: object = None) -> bool:  # noqa: A002 - RQ's name
        """Whether there is such a job, or was one that was deleted at once when it ended."""
        job = cls(id, connection)
        return run(job._way, job._exists())

    # How it is

    def get_status(self, refresh: bool = True) -> JobStatus:  # noqa: FBT001, FBT002 - as in RQ
        """Where the job is in its life.

        Args:
            refresh: Ask the server; otherwise what was last seen.

        Raises:
            NoSuchJobError: It expired or was deleted.
        """
        return run(self._way, self._get_status(refresh=refresh))

    @property
    def is_queued(self) -> bool:
        """Whether it waits in its queue."""
        return run(self._way, self._is(JobStatus.QUEUED))

    @property
    def is_started(self) -> bool:
        """Whether it runs."""
        return run(self._way, self._is(JobStatus.STARTED))

    @property
    def is_finished(self) -> bool:
        """Whether its function has returned."""
        return run(self._way, self._is(JobStatus.FINISHED))

    @property
    def is_failed(self) -> bool:
        """Whether it failed for good."""
        return run(self._way, self._is(JobStatus.FAILED))

    @property
    def is_deferred(self) -> bool:
        """Whether it waits for other jobs."""
        return run(self._way, self._is(JobStatus.DEFERRED))

    @property
    def is_scheduled(self) -> bool:
        """Whether it waits for its time."""
        return run(self._way, self._is(JobStatus.SCHEDULED))

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped while it ran."""
        return run(self._way, self._is(JobStatus.STOPPED))

    @property
    def is_canceled(self) -> bool:
        """Whether it was canceled before it ran."""
        return run(self._way, self._is(JobStatus.CANCELED))

    def get_position(self) -> int | None:
        """How many jobs are ahead of it in its queue; None if it is not there. O(n)."""
        return run(self._way, self._get_position())

    def get_ttl(self) -> int | None:
        """Seconds until the job expires; None if it never does.

        Raises:
            NoSuchJobError: It is gone already.
        """
        return run(self._way, self._get_ttl())

    def refresh(self) -> None:
        """Read the job anew; changes of `meta` that were not saved are lost.

        Raises:
            NoSuchJobError: There is no such job any more.
        """
        run(self._way, self._refresh())

    # What came of it

    def return_value(self, refresh: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - as in RQ
        """What the function returned; None as long as it has not.

        The value is kept once it is there. `wait` is better than to call this in a loop.

        Args:
            refresh: Ask again, even if the value is known.

        Raises:
            RefusedPayload: The stored bytes are not to be trusted; the text says why.
        """
        return run(self._way, self._return_value(refresh=refresh))

    @property
    def result(self) -> Any:  # noqa: ANN401 - whatever the function returned
        """The same as `return_value()`."""
        return run(self._way, self._return_value(refresh=False))

    @property
    def exc_info(self) -> str | None:
        """The traceback of its last failure, or None."""
        return run(self._way, self._exc_info())

    def wait(self, timeout: float | None = None) -> JobStatus:
        """Wait until the job has finished, failed, or was canceled or stopped.

        The worker wakes the waiter; nothing is polled.

        Args:
            timeout: The longest wait, seconds; None for as long as it takes.

        Returns:
            How it ended; a failure is not raised.

        Raises:
            TimeoutError: The time is up.
            NoSuchJobError: There is no such job, or it was deleted meanwhile.
        """
        return run(self._way, self._wait(timeout))

    def latest_result(self, timeout: float = 0) -> Result | None:
        """The newest run and what came of it; None if no run has ended.

        Args:
            timeout: Wait up to so many seconds for the job to end.
        """
        return run(self._way, self._latest_result(timeout))

    def results(self) -> list[Result]:
        """All runs that are remembered, newest first: the last one and up to ten before it."""
        return run(self._way, self._results())

    # What can be done

    def cancel(self, enqueue_dependents: bool = False) -> None:  # noqa: FBT001, FBT002 - as in RQ
        """Keep the job from running; it stays for a year in the registry of canceled jobs.

        Args:
            enqueue_dependents: Let the jobs run that wait for it; else they fare as if it had
                failed.

        Raises:
            InvalidJobOperation: It runs, has ended, or was canceled before.
            NoSuchJobError: There is no such job.
        """
        run(self._way, self._cancel(release=enqueue_dependents))

    def delete(self, delete_dependents: bool = False) -> bool:  # noqa: FBT001, FBT002 - as in RQ
        """Forget the job, whatever its status; whether there was one.

        One that runs is not stopped, but nothing is kept of what comes of it.

        Args:
            delete_dependents: Forget those that wait for it as well, and those that wait for
                them; else they fare as if it had failed.
        """
        return run(self._way, self._delete(dependents=delete_dependents))

    def delete_dependents(self) -> int:
        """Forget the jobs that wait for this one, and those that wait for them; how many."""
        return run(self._way, self._delete_dependents())

    @property
    def dependent_ids(self) -> list[str]:
        """The ids of the jobs that wait for this one."""
        return run(self._way, self._dependent_ids())

    def stop(self, timeout: float = WITHIN) -> None:
        """End the job, which runs: its status is `stopped` when this returns; it is not retried.

        Args:
            timeout: How long to wait until its worker has done it, seconds.

        Raises:
            NoSuchJobError: There is no such job.
            InvalidJobOperation: It does not run, or ended by itself before it could be stopped.
            NoSuchWorkerError: Its worker has just vanished.
            CommandRefused: The worker does not obey; `.why` says why not.
            CommandNotAcknowledged: The worker has not answered.
        """
        run(self._way, self._stop(timeout))

    def get_executions(self) -> list[Execution]:
        """The runs of the job that go on: one if it runs, else none."""
        return run(self._way, self._executions())

    def requeue(self, at_front: bool = False) -> Self:  # noqa: FBT001, FBT002 - as in RQ
        """Run the job once more; what came of its last run goes into its history.

        Args:
            at_front: Put it at the head of its queue.

        Raises:
            InvalidJobOperation: It has not ended.
            NoSuchJobError: There is no such job.
        """
        return run(self._way, self._requeue(at_front=at_front))

    def promote(self, at_front: bool = False) -> None:  # noqa: FBT001, FBT002 - as `requeue`
        """Put the job into its queue now, though its time, or a job it waits for, has not come.

        Args:
            at_front: Put it at the head of its queue.

        Raises:
            InvalidJobOperation: It is neither scheduled nor deferred.
            NoSuchJobError: There is no such job.
        """
        run(self._way, self._promote(at_front=at_front))

    def get_meta(self, refresh: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 - as in RQ
        """What the job carries for its user.

        Args:
            refresh: Read the job anew; otherwise what was last seen.
        """
        return run(self._way, self._get_meta(refresh=refresh))

    def save_meta(self) -> None:
        """Store `meta` as it is here now.

        Raises:
            NotSerializable: A value in it cannot be encoded; `.path` says which.
            NoSuchJobError: There is no such job any more.
        """
        run(self._way, self._save_meta())

    def _unseen(self) -> JobRecord:
        return run(self._way, results.fetch(self._keys, self.id))


def get_current_job() -> Job | None:
    """The job that is running this very code, or None outside of a worker.

    Its record is what the worker was given; the connection is opened when it is first needed.
    """
    job = running_job()
    return job if isinstance(job, Job) else None


def cancel_job(
    job_id: str,
    connection: object = None,
    serializer: object = None,
    enqueue_dependents: bool = False,  # noqa: FBT001, FBT002 - as in RQ
) -> None:
    """Keep a job from running; see `Job.cancel`.

    Raises:
        InvalidJobOperation: It runs, has ended, or was canceled before.
        NoSuchJobError: There is no such job.
    """
    Job(job_id, connection, serializer).cancel(enqueue_dependents)


def requeue_job(job_id: str, connection: object = None, serializer: object = None) -> Job:
    """Run a job that has ended once more; see `Job.requeue`.

    Raises:
        InvalidJobOperation: It has not ended.
        NoSuchJobError: There is no such job.
    """
    return Job(job_id, connection, serializer).requeue()
