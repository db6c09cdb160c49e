"""What a job of RQ is to be run with, in our terms: its options, callbacks, retries and parents."""

from __future__ import annotations

import json

from workhorse.adopt.rqjob import RqJob
from workhorse.callbacks import Callback
from workhorse.dependency import RateLimit
from workhorse.names import check_job_id
from workhorse.options import EnqueueData
from workhorse.policies import Repeat, Retry
from workhorse.webhook import Webhook

MOST_INTERVALS = 100
"""A policy of more retries than this keeps RQ's list of pauses as it is."""


def options_in(job: RqJob) -> EnqueueData:
    """Its options, as they would be given to `enqueue`."""
    limit = job.text("rate_limit_key")
    return EnqueueData(
        "",
        timeout=job.duration("timeout"),
        result_ttl=job.whole("result_ttl"),
        failure_ttl=job.whole("failure_ttl"),
        ttl=job.whole("ttl"),
        retry=_retry(job),
        repeat=_repeat(job),
        rate_limit=RateLimit(limit, job.whole("rate_limit_concurrency") or 1) if limit else None,
        group_id=job.text("group_id") or None,
        webhooks=_webhooks(job),
        on_success=_callback(job, "success"),
        on_failure=_callback(job, "failure"),
        on_stopped=_callback(job, "stopped"),
    )


def _callback(job: RqJob, kind: str) -> Callback | None:
    name = job.text(f"{kind}_callback_name")
    return Callback(name, job.duration(f"{kind}_callback_timeout")) if name else None


def _webhooks(job: RqJob) -> list[Webhook] | None:
    text = job.text("webhooks")
    return [Webhook.from_dict(one) for one in json.loads(text)] if text else None


def _retry(job: RqJob) -> Retry | None:
    """The policy. RQ counts what is left, and what is done only of retries that a job asked for."""
    left = job.whole("retries_left")
    done = job.whole("number_of_retries") or 0
    if left is None or left + done < 1:
        return None
    pauses = job.numbers("retry_intervals") or [0]
    # RQ has the last pause before the last retry, and repeats the first where there are too few.
    coming = [pauses[max(len(pauses) - n, 0)] for n in range(left, 0, -1)]
    if left > MOST_INTERVALS:
        coming = pauses
    interval = [*([coming[0] if coming else 0] * done), *coming]
    while len(interval) > 1 and interval[-1] == interval[-2]:
        interval.pop()
    at_front = job.text("enqueue_at_front_on_retry") == "1"
    return Retry(left + done, interval, enqueue_at_front=at_front)


def _repeat(job: RqJob) -> Repeat | None:
    left = job.whole("repeats_left")
    return Repeat(left, job.numbers("repeat_intervals") or [0]) if left else None


def ties_of(job: RqJob) -> dict[str, str | bytes | int | None]:
    """What ties it to its parents. A job of RQ waits on when one of them fails."""
    if not job.parents:
        return {}
    runs_anyway = job.text("allow_dependency_failures") == "1"
    return {
        "parents": " ".join(map(check_job_id, job.parents)),
        "on_parent": "run" if runs_anyway else "wait",
        "front": "1" if job.text("enqueue_at_front") == "1" and job.status == "deferred" else None,
    }
