"""Ask how a job is, and wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from workhorse.effects import Batch, Flow, Listen, command
from workhorse.exceptions import NoSuchJobError
from workhorse.keys import Keys
from workhorse.records import JobRecord, RunRecord, job_record, job_status, run_record
from workhorse.states import FINAL, JobStatus

_FINAL: Final = {status.value.encode(): status for status in FINAL}


def status(keys: Keys, job_id: str) -> Flow[JobStatus]:
    """The job's status; for 500 s also that of one that was deleted at once when it ended.

    Raises:
        NoSuchJobError: There is no such job.
    """
    found = yield from find_status(keys, job_id)
    if found is None:
        raise NoSuchJobError(job_id)
    return found


def find_status(keys: Keys, job_id: str) -> Flow[JobStatus | None]:
    """Like `status`, but None if there is no such job."""
    word = yield command("HGET", keys.job(job_id), "status")
    if word is not None:
        return job_status(job_id, word)
    gone = yield from tombstone(keys, job_id)
    return gone[0] if gone else None


def fetch(keys: Keys, job_id: str) -> Flow[JobRecord]:
    """Everything the server knows of a job.

    Raises:
        NoSuchJobError: There is no such job; `.why` says what became of it if that is known.
    """
    flat = yield command("HGETALL", keys.job(job_id))
    if flat:
        return job_record(job_id, flat)
    gone = yield from tombstone(keys, job_id)
    raise NoSuchJobError(job_id, _epitaph(*gone)) if gone else NoSuchJobError(job_id)


def _epitaph(status: JobStatus, ms: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    if status in {JobStatus.FAILED, JobStatus.STOPPED}:
        why = "because it has failure_ttl=0"
    else:
        why = "because it returned None or has result_ttl=0; give it a result_ttl to keep it"
    verb = "was stopped" if status == JobStatus.STOPPED else status
    return f"it {verb} at {at:%Y-%m-%d %H:%M:%S} UTC and was deleted at once, {why}"


def tombstone(keys: Keys, job_id: str) -> Flow[tuple[JobStatus, int] | None]:
    """How and when (ms since 1970) a job ended that was deleted at once; None if none was."""
    gone = yield command("GET", keys.gone(job_id))
    if gone is None:
        return None
    ms, *more = gone.split()
    ended = (status for status in (JobStatus.FAILED, JobStatus.STOPPED) if status.encode() in more)
    return next(ended, JobStatus.FINISHED), int(ms)


def fetch_many(keys: Keys, job_ids: Sequence[str]) -> Flow[list[JobRecord | None]]:
    """The records of several jobs in one round trip; None for those that do not exist."""
    if not job_ids:
        return []
    replies = yield Batch([command("HGETALL", keys.job(job_id)) for job_id in job_ids])
    return [
        job_record(job_id, flat) if flat else None
        for job_id, flat in zip(job_ids, replies, strict=True)
    ]


class Ended(NamedTuple):
    """How a job ended.

    Attributes:
        status: A final one.
        result: Its sealed result, b'' for None, if that was told with it; else None.
    """

    status: JobStatus
    result: bytes | None = None


def wait(keys: Keys, job_id: str, timeout: float | None) -> Flow[Ended | None]:
    """How the job has ended, once it has; None when the time (seconds) is up before.

    The worker's settling wakes the waiter; nothing is polled.

    Raises:
        NoSuchJobError: There is no such job, or it was deleted meanwhile.
    """

    def probe() -> Flow[Ended | None]:
        found = yield from status(keys, job_id)
        return Ended(found) if found in FINAL else None

    ended: Ended | None = yield Listen(keys.done(job_id), probe, timeout, _heard)
    return ended


def _heard(message: bytes) -> Ended | None:
    """What a message says; None if it names no final status, as when the job was deleted."""
    word, told, result = message.partition(b" ")
    found = _FINAL.get(word)
    return Ended(found, result if told else None) if found else None


def history(keys: Keys, job_id: str) -> Flow[list[RunRecord]]:
    """The job's earlier runs, oldest first; at most ten are kept."""
    raw = yield command("LRANGE", keys.runs(job_id), 0, -1)
    # The text of an exception may hold any bytes.
    return [run_record(run.decode("utf-8", "replace").encode()) for run in raw]


def dependents(keys: Keys, job_id: str) -> Flow[list[str]]:
    """The ids of the jobs that wait for a job, or for its requeue."""
    waiting, patient = yield Batch(
        [
            command("LRANGE", keys.dependents(job_id), 0, -1),
            command("LRANGE", keys.patients(job_id), 0, -1),
        ]
    )
    found = dict.fromkeys(each.decode("utf-8", "replace") for each in (*waiting, *patient))
    if not found:
        return []
    # Some were deleted since, or wait for others by now: the lists are not searched for those.
    wait = yield Batch([command("SISMEMBER", keys.waits(each), job_id) for each in found])
    return [each for each, does in zip(found, wait, strict=True) if does]


def remaining_ttl(keys: Keys, job_id: str) -> Flow[int | None]:
    """Seconds until the job expires; None if it never does.

    Raises:
        NoSuchJobError: There is no such job.
    """
    ms = yield command("PTTL", keys.job(job_id))
    if ms == -2:  # noqa: PLR2004 - what PTTL answers for a key that is not there
        raise NoSuchJobError(job_id)
    return None if ms == -1 else -(-ms // 1000)
