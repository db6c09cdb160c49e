"""What `Job.to_dict` says: a job as plain values, under the names and in the forms that RQ has."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from workhorse.compat.rq.jobpolicies import whole
from workhorse.compat.rq.jobwords import JobWords
from workhorse.compat.rq.utils import now, utcformat
from workhorse.defaults import callback_parts
from workhorse.envelopes import open_result


class ShownJob(JobWords):
    """A part of `workhorse.compat.rq.job.Job`: how it is shown."""

    def __repr__(self) -> str:
        at = self.enqueued_at if self._is_known else None
        return f"{type(self).__name__}({self.id!r}, enqueued_at={at!r})"

    def __str__(self) -> str:
        what = self.description if self._is_known else None
        return f"<{type(self).__name__} {self.id}: {what}>"

    @property
    def _is_known(self) -> bool:
        """Whether it can be shown without asking the server."""
        return self._record is not None or self._sent is not None

    def to_dict(self, include_meta: bool = True, include_result: bool = True) -> dict[str, Any]:
        """The job as it was last seen, as plain values: for logs, and to be shown.

        Args:
            include_meta: With its `meta`, encoded.
            include_result: With what it returned, encoded, or its traceback.
        """
        return as_dict(self, include_meta=include_meta, include_result=include_result)


def as_dict(job: JobWords, *, include_meta: bool, include_result: bool) -> dict[str, Any]:
    """A job as it was last seen; nothing is asked of the server but for the job's arguments.

    Args:
        job: The job.
        include_meta: With its `meta`, encoded.
        include_result: With what it returned, encoded, or its traceback.
    """
    found = {
        **_always(job),
        **_where_there_is_one(job),
        **_said_of_its_end(job),
        "status": job.get_status(refresh=False),
    }
    if include_result:
        found |= _outcome(job)
    if include_meta and job.meta:
        found["meta"] = job._source.codec.serializer.dumps(job.meta)
    return found


def _always(job: JobWords) -> dict[str, Any]:
    times = {"started_at": job.started_at, "ended_at": job.ended_at}
    return {
        "created_at": utcformat(job.created_at or now()),
        "data": zlib.compress(job.data),
        **{name: utcformat(at) if at else "" for name, at in times.items()},
        # A worker beats for all that it runs: RQ's job has this of its own.
        "last_heartbeat": "",
        "worker_name": job.worker_name or "",
        "group_id": job.group_id or "",
        **{f"{when}_callback_name": _parts(said)[0] for when, said in _callbacks(job).items()},
    }


def _where_there_is_one(job: JobWords) -> dict[str, Any]:
    """What RQ leaves out if it is None, or nothing."""
    ids = list(map(str, job.dependency_ids))
    found: dict[str, Any] = {
        "number_of_retries": job.number_of_retries or None,
        "retries_left": job.retries_left,
        "retry_intervals": _as_json(job.retry_intervals),
        "enqueue_at_front_on_retry": int(job.enqueue_at_front_on_retry) or None,
        "origin": job.origin or None,
        "description": job.description,
        "enqueued_at": job.enqueued_at and utcformat(job.enqueued_at),
        "repeats_left": job.repeats_left,
        "repeat_intervals": _as_json(job.repeat_intervals),
        "rate_limit_key": job.rate_limit_key,
        "rate_limit_concurrency": job.rate_limit_concurrency,
        "timeout": job.timeout,
        "result_ttl": job.result_ttl,
        "failure_ttl": job.failure_ttl,
        "dependency_id": ids[0] if ids else None,
        "dependency_ids": _as_json(ids or None),
        "ttl": job.ttl or None,
        "allow_dependency_failures": int(job.allow_dependency_failures) or None,
        "enqueue_at_front": int(job.enqueue_at_front) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _said_of_its_end(job: JobWords) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{when}_callback_timeout": _parts(said)[1]
        for when, said in _callbacks(job).items()
        if said
    }
    if hooks := job.webhooks:
        found["webhooks"] = json.dumps([hook.to_dict() for hook in hooks])
    return found


def _outcome(job: JobWords) -> dict[str, Any]:
    record = job.record
    found: dict[str, Any] = {}
    if record.result:
        value = open_result(job._source.codec, job._bearer, record.result)
        found["result"] = job._source.codec.serializer.dumps(value)
    if record.exc_info:
        found["exc_info"] = zlib.compress(record.exc_info.encode())
    return found


def _callbacks(job: JobWords) -> Mapping[str, str]:
    record = job.record
    return {
        "success": record.on_success,
        "failure": record.on_failure,
        "stopped": record.on_stopped,
    }


def _parts(said: str) -> tuple[str, int | float]:
    if not said:
        return "", 0
    name, timeout, *_ = callback_parts(said)
    return name, whole(timeout)


def _as_json(values: list[Any] | None) -> str | None:
    if values is None:
        return None
    return json.dumps([value if isinstance(value, str) else whole(value) for value in values])
