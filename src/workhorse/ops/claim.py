"""Take jobs: a worker's side of the hand-over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workhorse.effects import Call, Flow, Word
from workhorse.keys import Keys
from workhorse.ops.leases import Lease, whole
from workhorse.ops.settle import Outcome
from workhorse.scripts import load


@dataclass(frozen=True, slots=True)
class Terms:
    """What stays the same from one exchange of a worker to the next.

    Attributes:
        worker: Its name.
        lease: How long a claim lasts without a heartbeat, ms.
        max_crashes: How often a job is delivered again after its worker vanished.
    """

    worker: str
    lease: int
    max_crashes: int


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What an exchange brought.

    Attributes:
        jobs: The new leases, in order.
        refused: Ids of outcomes that came too late: the lease was not this worker's any more.
        next_due: Milliseconds until something falls due, or None.
        left: Whether a queue has more.
        now: The server's time, ms since 1970.
    """

    jobs: list[Lease]
    refused: list[str]
    next_due: int | None
    left: bool
    now: int = field(default=0)


def exchange(  # noqa: PLR0913 - the words of one exchange
    keys: Keys,
    terms: Terms,
    number: int,
    queues: Sequence[str],
    want: int,
    outcomes: Sequence[Outcome] = (),
) -> Flow[Exchanged]:
    """Hand in outcomes and take up to `want` jobs, in one step.

    A repeated `number` changes nothing and brings the same answer: a lost reply costs nothing.
    Numbers only grow, also from one process of a name to the next: a worker begins with the
    microseconds since 1970 at its birth. So no two executions share a token, and what a
    broken link delivers late is refused.

    Raises:
        ServerError: With the code STALE: the worker, or another of its name, is further on.
    """
    words: list[Word] = [
        keys.agenda,
        "",
        terms.worker,
        number,
        terms.lease,
        terms.max_crashes,
        want,
        len(queues),
        *queues,
    ]
    # Each release puts its job at the head of the queue: in reverse they get their old order.
    released = [outcome for outcome in outcomes if outcome.kind == "release"]
    ended = [outcome for outcome in outcomes if outcome.kind != "release"]
    for outcome in (*ended, *reversed(released)):
        words += outcome
    jobs, refused, next_due, left, now = yield Call(load("exchange"), words)
    token = f"{terms.worker}:{number}"
    return Exchanged(
        [_lease(token, *job) for job in jobs],
        [job_id.decode("utf-8", "replace") for job_id in refused],
        None if next_due < 0 else next_due,
        left == 1,
        now,
    )


def _lease(token: str, job_id: bytes, queue: bytes, flat: list[bytes], again: int = 0) -> Lease:
    words = iter(flat)
    fields = dict(zip(words, words, strict=True))
    attempt = (whole(fields.get(b"attempt")) or 0) + (not again)
    # An id that no Workhorse made is given up in time: its outcome does not fit it.
    return Lease(job_id.decode("utf-8", "replace"), queue.decode(), token, attempt, fields)
