"""Decide what becomes of a run, and say it to the server. Pure: no I/O, no clock, no chance."""

from __future__ import annotations

from typing import NamedTuple

from workhorse.defaults import DEFAULT_FAILURE_TTL, DEFAULT_RESULT_TTL
from workhorse.ops.leases import Lease
from workhorse.ops.reports import MAX_TRACEBACK, Report
from workhorse.policies import Repeat, Retry


class Outcome(NamedTuple):
    """What a worker says of one lease: what `exchange` is told of a run.

    Attributes:
        at_front: '1': of a retry, that it goes to the head of its queue; of a failure, that no
            callback could be called.
    """

    kind: str
    job_id: str
    queue: str
    token: str
    what: bytes | str
    wait: int
    ran: int
    at_front: str
    again: str = ""


def settle(
    lease: Lease, report: Report, *, chance: float, result_ttl: int | None = None
) -> Outcome:
    """The outcome of a run.

    Args:
        lease: What was run.
        report: How it went.
        chance: A number in [0, 1) for the jitter of retries.
        result_ttl: The worker's default, seconds; None: 500, and nothing for None results.
    """
    if report.kind == "finished":
        if b"repeat" in lease.fields and (text := lease.text(b"repeat")):
            return _finished_of_several(lease, report, text, result_ttl)
        return _outcome("finish", lease, report, _kept_for(lease, report, result_ttl))
    if report.kind == "again":
        return _again(lease, report, chance)
    try:
        policy = Retry.from_text(text) if (text := lease.text(b"retry")) else None
    except ValueError as error:
        note = f"\nIt was not retried: its policy cannot be read, {error}".encode()
        return _fail(lease, report._replace(what=report.what + note))
    if policy is not None and report.kind == "failed" and policy.applies_to(report.names):
        delay = policy.delay_after(_retries(lease), chance=chance)
        if delay is not None:
            return _retry(lease, report, delay, at_front=policy.enqueue_at_front)
    return _fail(lease, report)


def kept_only(outcome: Outcome, lease: Lease, failure_ttl: int | None) -> Outcome:
    """The same; but a failure whose job does not say is kept for so many seconds, if not None."""
    if failure_ttl is None or outcome.kind != "fail" or lease.whole(b"failure_ttl") is not None:
        return outcome
    return outcome._replace(wait=_ms(failure_ttl))


def release(lease: Lease) -> Outcome:
    """The lease is given back unused."""
    return Outcome("release", lease.id, lease.queue, lease.token, "", 0, 0, "")


def stopped(lease: Lease, why: str, ran: int = 0) -> Outcome:
    """Somebody wanted the job to end: it is kept as long as a failed one, and not retried.

    Args:
        lease: What was run, or was about to be.
        why: Who wanted it, and where the job was.
        ran: How long it ran, microseconds.
    """
    report = Report("failed", why.encode("utf-8", "backslashreplace"), ran)
    return _fail(lease, report)._replace(kind="stop")


def _finished_of_several(
    lease: Lease, report: Report, text: str, result_ttl: int | None
) -> Outcome:
    try:
        pause = Repeat.from_text(text).pause_after(max(0, lease.whole(b"repeats") or 0))
    except ValueError as error:
        why = f"The job ran to its end, but how it repeats cannot be read: {error}"
        return _fail(lease, Report("failed", why.encode("utf-8", "replace"), report.ran, died=True))
    if pause is None:
        return _outcome("finish", lease, report, _kept_for(lease, report, result_ttl))
    return _outcome("repeat", lease, report, round(pause * 1000))


def _again(lease: Lease, report: Report, chance: float) -> Outcome:
    try:
        policy = Retry.from_text(report.policy)
    except ValueError as error:  # user code can write to what the report came by
        text = f"The job asked to be retried in a way that cannot be read: {error}"
        what = text.encode("utf-8", "replace")
        return _fail(lease, Report("failed", what, report.ran, died=True))
    delay = policy.delay_after(_retries(lease), chance=chance)
    if delay is None:
        text = f"The job asked to be retried after all {policy.max} retries were used up."
        return _fail(lease, Report("failed", text.encode(), report.ran, died=True))
    return _retry(lease, report, delay, at_front=policy.enqueue_at_front)


def _retries(lease: Lease) -> int:
    return max(0, lease.whole(b"retries") or 0)


def _retry(lease: Lease, report: Report, delay: float, *, at_front: bool) -> Outcome:
    wait = max(0, round(delay * 1000))
    return _outcome("retry", lease, report, wait, "1" if at_front else "")


def _fail(lease: Lease, report: Report) -> Outcome:
    ttl = lease.whole(b"failure_ttl")
    # What was not opened, or died with its horse, could not call its callbacks.
    died = "1" if report.died or report.kind == "refused" else ""
    return _outcome("fail", lease, report, _ms(DEFAULT_FAILURE_TTL if ttl is None else ttl), died)


def _kept_for(lease: Lease, report: Report, default: int | None) -> int:
    ttl = lease.whole(b"result_ttl") if b"result_ttl" in lease.fields else None
    if ttl is None:
        ttl = default
    if ttl is None:
        ttl = DEFAULT_RESULT_TTL if report.what else 0
    return _ms(ttl)


def _outcome(kind: str, lease: Lease, report: Report, wait: int, at_front: str = "") -> Outcome:
    what = report.what if kind in {"finish", "repeat"} else report.what[-MAX_TRACEBACK:]
    ran = report.ran // 1000
    again = "1" if lease.attempt > 1 else ""
    return Outcome(kind, lease.id, lease.queue, lease.token, what, wait, ran, at_front, again)


def _ms(seconds: int) -> int:
    return -1 if seconds < 0 else seconds * 1000
