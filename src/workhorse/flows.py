"""What the handles of jobs do on the server, once for sync and asyncio.

`Job` and `AsyncJob` write each public method as one line over a flow from here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

from workhorse import commandflows
from workhorse.effects import Flow
from workhorse.envelopes import open_result, seal_meta
from workhorse.exceptions import JobFailedError, NoSuchJobError
from workhorse.executions import Execution
from workhorse.ops import control, promotion, queues, results
from workhorse.records import JobRecord, RunRecord, as_datetime
from workhorse.result import Result, ResultType
from workhorse.snapshots import UNSET, JobSnapshot
from workhorse.sources import Source
from workhorse.states import FINAL, JobStatus

_TYPES: Mapping[str, ResultType] = {
    "finished": ResultType.SUCCESSFUL,
    "failed": ResultType.FAILED,
    "stopped": ResultType.STOPPED,
    "retried": ResultType.RETRIED,
}


def nonce() -> str:
    """Tells a repeated send of a command from another one."""
    return os.urandom(4).hex()


class JobFlows(JobSnapshot):
    """A job's flows; each asks the server, and keeps what it learns."""

    __slots__ = ()

    def _refresh(self) -> Flow[JobRecord]:
        record = yield from results.fetch(self._keys, self.id)
        self.seen(record)
        return record

    def _known(self) -> Flow[JobRecord]:
        """The record as it was last seen, read now if it never was."""
        if self._record is None and self._sent is None:
            return (yield from self._refresh())
        return self.record

    def _get_status(self, *, refresh: bool) -> Flow[JobStatus]:
        if refresh or self._status is None:
            if not refresh:
                self._status = (yield from self._known()).status
            else:
                self._status = yield from results.status(self._keys, self.id)
        return self._status

    def _is(self, status: JobStatus) -> Flow[bool]:
        found = yield from self._get_status(refresh=True)
        return found is status

    def _exists(self) -> Flow[bool]:
        found = yield from results.find_status(self._keys, self.id)
        return found is not None

    def _return_value(self, *, refresh: bool) -> Flow[Any]:
        if self._told is not None and not refresh:
            told, self._told = self._told, None
            self._value = open_result(self._source.codec, self._bearer, told)
        if refresh or self._value is UNSET:
            self._value = UNSET
            record = self._record
            if refresh or record is None or record.status is not JobStatus.FINISHED:
                # Who has waited knows the status; others ask for it before they ask for all.
                if refresh or self._status is not JobStatus.FINISHED:
                    found = yield from results.find_status(self._keys, self.id)
                    if found is not JobStatus.FINISHED:
                        return None  # not kept: it may finish yet
                record = yield from self._refreshed()
            if record is None:
                self._value = None  # it finished, and was deleted at once
            elif record.status is not JobStatus.FINISHED:
                return None
            else:
                self._value = open_result(self._source.codec, self._bearer, record.result)
        return self._value

    def _exc_info(self) -> Flow[str | None]:
        record = self._record
        if record is None or record.status not in FINAL:
            record = yield from self._refreshed()
        return record.exc_info if record else None

    def _refreshed(self) -> Flow[JobRecord | None]:
        """The record as it is now, or None if there is none any more."""
        try:
            return (yield from self._refresh())
        except NoSuchJobError:
            return None

    def _results(self) -> Flow[list[Result]]:
        record = yield from self._refreshed()
        if record is None:
            gone = yield from results.tombstone(self._keys, self.id)
            if gone is None:
                return []
            return [Result(self.id, _TYPES[gone[0]], created_at=as_datetime(gone[1]))]
        runs = yield from results.history(self._keys, self.id)
        found = [_of_run(self.id, run) for run in reversed(runs)]
        if record.status in FINAL and record.status in _TYPES:
            opened = partial(open_result, self._source.codec, self._bearer, record.result)
            found.insert(0, _of_record(record, opened))
        return found

    def _latest_result(self, timeout: float) -> Flow[Result | None]:
        if timeout > 0:
            try:
                yield from results.wait(self._keys, self.id, timeout)
            except NoSuchJobError:
                return None
        found = yield from self._results()
        return found[0] if found else None

    def _wait(self, timeout: float | None) -> Flow[JobStatus]:
        ended = yield from results.wait(self._keys, self.id, timeout)
        if ended is None:
            raise TimeoutError(f"job {self.id!r} has not ended within {timeout:g} s")
        self._status = ended.status
        self._value = UNSET
        # To open it the queue's name is needed, which a handle that was only named does not know.
        self._told = ended.result if self.is_known else None
        return ended.status

    def _outcome(self, timeout: float | None = None) -> Flow[Any]:
        """What the function returned, once it has; its failure is raised."""
        ended = yield from self._wait(timeout)
        if ended is JobStatus.FINISHED:
            return (yield from self._return_value(refresh=False))
        exc_info = yield from self._exc_info()
        raise JobFailedError(self.id, ended, exc_info or "")

    def _cancel(self, *, release: bool) -> Flow[None]:
        yield from control.cancel(self._keys, self.id, nonce(), release=release)
        self._status = JobStatus.CANCELED

    def _delete(self, *, dependents: bool) -> Flow[bool]:
        if dependents:
            yield from self._delete_dependents()
        return (yield from control.delete(self._keys, self.id))

    def _dependent_ids(self) -> Flow[list[str]]:
        return (yield from results.dependents(self._keys, self.id))

    def _delete_dependents(self) -> Flow[int]:
        found, rest = {self.id: None}, [self.id]
        while rest:
            more = yield from results.dependents(self._keys, rest.pop())
            rest += [job_id for job_id in more if job_id not in found]
            found |= dict.fromkeys(more)
        deleted = 0
        for job_id in list(reversed(found))[:-1]:
            deleted += yield from control.delete(self._keys, job_id)
        return deleted

    def _stop(self, timeout: float) -> Flow[None]:
        yield from commandflows.stop(self.connection, self.id, timeout)
        self._status = JobStatus.STOPPED

    def _executions(self) -> Flow[list[Execution]]:
        record = yield from self._refreshed()
        return [] if record is None else Execution.of(record)

    def _requeue(self, *, at_front: bool) -> Flow[Self]:
        yield from control.requeue_one(self._keys, self.id, nonce(), at_front=at_front)
        yield from self._refreshed()
        return self

    def _promote(self, *, at_front: bool) -> Flow[None]:
        yield from promotion.promote(self._keys, self.id, nonce(), at_front=at_front)
        self._status = JobStatus.QUEUED

    def _get_meta(self, *, refresh: bool) -> Flow[dict[str, Any]]:
        if refresh:
            yield from self._refresh()
        else:
            yield from self._known()
        return self.meta

    def _save_meta(self) -> Flow[None]:
        yield from self._known()
        sealed = seal_meta(self._source.codec, self._bearer, self.meta)
        yield from control.amend(self._keys, self.id, "meta", sealed)

    def _get_position(self) -> Flow[int | None]:
        record = yield from self._known()
        return (yield from queues.position(self._keys, record.origin, self.id))

    def _get_ttl(self) -> Flow[int | None]:
        return (yield from results.remaining_ttl(self._keys, self.id))

    @classmethod
    def _fetch_many(cls, source: Source, ids: Sequence[str]) -> Flow[list[Self | None]]:
        records = yield from results.fetch_many(source.connection.keys, ids)
        return [
            None if record is None else cls(record.id, source).seen(record) for record in records
        ]


def as_id(job: JobSnapshot | str) -> str:
    """The id of a job that was given as a handle or as an id."""
    return job.id if isinstance(job, JobSnapshot) else job


def _of_record(record: JobRecord, opened: partial[Any]) -> Result:
    """The run that the job's hash describes."""
    return Result(
        job_id=record.id,
        type=_TYPES[record.status],
        attempt=record.attempt,
        created_at=as_datetime(record.ended_at),
        execution_started_at=as_datetime(record.started_at),
        worker_name=record.worker_name,
        exc_string=record.exc_info,
        _open=opened,
    )


def _of_run(job_id: str, run: RunRecord) -> Result:
    """A run from the job's history, whose return value is not kept."""
    return Result(
        job_id=job_id,
        type=_TYPES.get(run.type, ResultType.FAILED),
        attempt=run.attempt,
        created_at=as_datetime(run.ended_at),
        execution_started_at=as_datetime(run.started_at),
        worker_name=run.worker_name,
        exc_string=run.exc_string or None,
    )
