"""Plain data: what is known of a job, a run and a worker, without a connection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from workhorse.defaults import DEFAULT_TIMEOUT, SIGNED_FIELDS
from workhorse.exceptions import DeserializationError
from workhorse.states import WAITING, JobStatus

_SIGNED = frozenset(name.encode() for name in SIGNED_FIELDS)


def as_datetime(ms: int | None) -> datetime | None:
    """Milliseconds since 1970 as an aware UTC datetime; None stays None."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


class CallSpec(NamedTuple):
    """One call, checked and encoded: what `enqueue` sends for one job.

    Attributes:
        id: The job's id.
        fields: The hash fields the producer writes (`func`, `data`, `description`, options).
        ttl: Milliseconds the job may wait in the queue, or None.
        at_front: Whether it goes to the head of its queue.
        due: When it is due, ms since 1970, or None for at once.
        delay: How long after the server's now it is due, ms; None for at once.
        lease: For a job that the caller runs itself: how long it may take, ms; else None.
        mode: `new` (generated id), `replace` (the caller's id) or `unique`.
        nonce: Tells a repeated send of this enqueue from another one; '' for `new`.
        waits: Whether it waits for the jobs that its field `parents` names.
    """

    id: str
    fields: tuple[str | bytes, ...]
    ttl: int | None = None
    at_front: bool = False
    due: int | None = None
    delay: int | None = None
    lease: int | None = None
    mode: str = "new"
    nonce: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the server has it; a field that was never set has its default.

    Times are milliseconds since 1970 by the server's clock, durations seconds. `data`,
    `result` and `meta` are sealed envelopes (`codec`), to be opened by whoever needs them;
    `signed` holds the `SIGNED_FIELDS` that the job has, byte for byte, for that.
    """

    id: str
    status: JobStatus = JobStatus.CREATED
    origin: str = ""
    func: str = ""
    data: bytes = b""
    description: str = ""
    created_at: int | None = None
    enqueued_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    timeout: float = DEFAULT_TIMEOUT
    result_ttl: int | None = None
    failure_ttl: int | None = None
    ttl: int | None = None
    retry: str = ""
    retries: int = 0
    attempt: int = 0
    crashes: int = 0
    on_crash: str = ""
    repeat: str = ""
    repeats: int = 0
    parents: str = ""
    on_parent: str = ""
    front: str = ""
    rate_limit: str = ""
    group_id: str = ""
    on_success: str = ""
    on_failure: str = ""
    on_stopped: str = ""
    hooks: bytes = b""
    token: str = ""
    result: bytes | None = None
    exc_info: str | None = None
    meta: bytes | None = None
    signed: Mapping[bytes, bytes] = field(default_factory=dict)

    @property
    def worker_name(self) -> str:
        """The worker that holds or last held its lease, or ''."""
        return self.token.rpartition(":")[0]


_DECODERS: dict[bytes, Any] = {
    b"status": lambda v: JobStatus(v.decode()),
    b"data": bytes,
    b"result": bytes,
    b"meta": bytes,
    b"hooks": bytes,
    b"timeout": float,
    **dict.fromkeys(
        (
            b"created_at",
            b"enqueued_at",
            b"started_at",
            b"ended_at",
            b"result_ttl",
            b"failure_ttl",
            b"ttl",
            b"retries",
            b"attempt",
            b"crashes",
            b"repeats",
        ),
        lambda v: int(float(v)),
    ),
    **dict.fromkeys(
        (
            *(b"origin", b"func", b"description", b"retry", b"on_crash", b"token", b"exc_info"),
            *(b"repeat", b"parents", b"on_parent", b"front", b"rate_limit", b"group_id"),
            *(b"on_success", b"on_failure", b"on_stopped"),
        ),
        lambda v: v.decode("utf-8", "replace"),
    ),
}


def job_status(job_id: str, word: bytes) -> JobStatus:
    """The status that a job's hash names.

    Raises:
        DeserializationError: It names none.
    """
    try:
        return JobStatus(word.decode())
    except ValueError:
        raise _foreign(job_id, b"status", word) from None


def job_record(job_id: str, flat: Iterable[bytes]) -> JobRecord:
    """The record in a flat HGETALL reply; unknown fields are passed over.

    Raises:
        DeserializationError: A field holds what no Workhorse wrote.
    """
    values: dict[str, Any] = {}
    signed: dict[bytes, bytes] = {}
    words = iter(flat)
    for name, value in zip(words, words, strict=True):
        decode = _DECODERS.get(name)
        if decode is not None:
            try:
                values[name.decode()] = decode(value)
            except (ValueError, OverflowError):
                raise _foreign(job_id, name, value) from None
            if name in _SIGNED:
                signed[name] = value
    if values.get("attempt") or values.get("status") not in WAITING:
        # Its own field is written only by what comes after the first time.
        values.setdefault("enqueued_at", values.get("created_at"))
    return JobRecord(job_id, **values, signed=signed)


def _foreign(job_id: str, name: bytes, value: bytes) -> DeserializationError:
    return DeserializationError(
        f"job {job_id!r}: its {name.decode()} is {value!r:.50}, which no Workhorse wrote; "
        f"delete the job"
    )


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One earlier run of a job, from its history.

    Attributes:
        type: `finished`, `failed`, `retried` or `stopped`.
        attempt: The number of the execution, from 1.
        started_at: ms since 1970.
        ended_at: ms since 1970.
        worker_name: Where it ran.
        exc_string: The traceback, or ''.
    """

    type: str
    attempt: int
    started_at: int | None
    ended_at: int | None
    worker_name: str
    exc_string: str


def run_record(raw: bytes) -> RunRecord:
    """The record in one element of a job's `runs` list."""
    run: Mapping[str, Any] = json.loads(raw)
    return RunRecord(
        type=str(run["type"]),
        attempt=int(run["attempt"]),
        started_at=run.get("started_at"),
        ended_at=run.get("ended_at"),
        worker_name=str(run.get("worker", "")),
        exc_string=str(run.get("exc", "")),
    )


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker as it registered and last beat; times are ms since 1970, server's clock.

    Attributes:
        identity: Boot id, pid namespace, pid and start time: names one process on one boot.
    """

    name: str
    queues: tuple[str, ...] = ()
    state: str = ""
    hostname: str = ""
    pid: int = 0
    identity: str = ""
    version: str = ""
    python_version: str = ""
    birth: int | None = None
    last_heartbeat: int | None = None
    successful: int = 0
    failed: int = 0
    working_ms: int = 0
    current: tuple[str, ...] = field(default=())


def worker_record(name: str, flat: Iterable[bytes]) -> WorkerRecord:
    """The record in a flat HGETALL reply of a worker's hash."""
    words = iter(flat)
    raw = {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in zip(words, words, strict=True)
    }

    def number(key: str) -> int:
        try:
            return int(float(raw.get(key) or 0))
        except (ValueError, OverflowError):
            return 0  # garbage in one worker's hash must not hide the others

    return WorkerRecord(
        name=name,
        queues=tuple(filter(None, raw.get("queues", "").split("\n"))),
        state=raw.get("state", ""),
        hostname=raw.get("hostname", ""),
        pid=number("pid"),
        identity=raw.get("identity", ""),
        version=raw.get("version", ""),
        python_version=raw.get("python_version", ""),
        birth=number("birth") or None,
        last_heartbeat=number("last_heartbeat") or None,
        successful=number("successful"),
        failed=number("failed"),
        working_ms=number("working_ms"),
        current=tuple(filter(None, raw.get("current", "").split("\n"))),
    )
