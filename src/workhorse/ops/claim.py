"""Take jobs: a worker's side of the hand-over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from workhorse.effects import Call, Flow, Word
from workhorse.keys import Keys
from workhorse.ops.leases import Lease, whole
from workhorse.ops.settle import Outcome
from workhorse.scripts import load

RESTS: Final = 2
RESTED: Final = 4
"""For `exchange`: the worker rests if it gets nothing; it did before."""

_HEAD = attrgetter("kind", "queue", "token", "wait", "at_front", "again")


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
        next_due: Seconds until something falls due, or None.
        left: Whether a queue has more.
        now: The server's time, ms since 1970.
        again: Whether this number was used before: the outcomes may not have been taken.
        news: What else the worker should know, as pairs: `cron` and an entry that is due,
            `suspended` and a queue that is not served (`*` for all).
    """

    jobs: list[Lease]
    refused: list[str]
    next_due: float | None
    left: bool
    now: int = 0
    again: bool = False
    news: tuple[tuple[str, str], ...] = ()


def exchange(  # noqa: PLR0913 - the words of one exchange
    keys: Keys,
    terms: Terms,
    number: int,
    queues: Sequence[str],
    want: int,
    outcomes: Sequence[Outcome] = (),
    woken: bool = True,  # noqa: FBT001, FBT002 - a word of the exchange like the others
    rests: int = 0,
) -> Flow[Exchanged]:
    """Hand in outcomes and take up to `want` jobs, in one step.

    A repeated `number` changes nothing and brings the same answer: a lost reply costs nothing.
    Numbers only grow, also from one process of a name to the next: a worker begins with the
    microseconds since 1970 at its birth. So no two executions share a token, and what a
    broken link delivers late is refused.

    *woken* says that a bell of one of the queues was taken since the last exchange, or may have
    been: if jobs are left it is rung for the next worker. Who was not woken need not ring.

    *rests* is the sum of `RESTS`, if the worker rests when it gets nothing, and `RESTED`, if it did
    before. The next job may then be given to it straight, under the number of its next exchange:
    see `given`.

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
        woken + rests,
        len(queues),
        *queues,
        *words_of(outcomes),
    ]
    jobs, refused, next_due, left, now, again, *news = yield Call(load("exchange"), words)
    return Exchanged(
        _leases(f"{terms.worker}:{number}", jobs, again=again == 1),
        [job_id.decode("utf-8", "replace") for job_id in refused],
        None if next_due < 0 else next_due / 1e6,
        left == 1,
        now,
        again == 1,
        _pairs(news[0]) if news else (),
    )


def given(worker: str, message: bytes) -> tuple[int, Lease]:
    """What was given straight to a worker: the number it counts as, and the lease.

    Raises:
        ValueError: It is no such message.
    """
    number, queue, job_id, *flat = words_in(message)
    pairs = iter(flat)
    fields = dict(zip(pairs, pairs, strict=True))
    attempt = (whole(fields.get(b"attempt")) or 0) + 1
    token = f"{worker}:{int(number)}"
    lease = Lease(job_id.decode("utf-8", "replace"), queue.decode(), token, attempt, fields)
    return int(number), lease


def words_in(text: bytes) -> list[bytes]:
    """The words in a text that holds them one after another, each as `<length>:<word>`.

    Raises:
        ValueError: It does not.
    """
    words, at = [], 0
    while at < len(text):
        colon = text.index(b":", at)
        end = colon + 1 + int(text[at:colon])
        words.append(text[colon + 1 : end])
        at = end
    return words


def _pairs(words: Sequence[bytes]) -> tuple[tuple[str, str], ...]:
    texts = iter([word.decode("utf-8", "replace") for word in words])
    return tuple(zip(texts, texts, strict=True))


def words_of(outcomes: Sequence[Outcome]) -> list[Word]:
    """Outcomes as `exchange` reads them: those in a row that are alike share a head."""
    words: list[Word] = []
    # Each release puts its job at the head of the queue: in reverse they get their old order.
    released = [outcome for outcome in outcomes if outcome.kind == "release"]
    if released:
        outcomes = [outcome for outcome in outcomes if outcome.kind != "release"]
        outcomes += reversed(released)
    for head, alike in groupby(outcomes, _HEAD):
        words += head
        count = len(words)
        for one in alike:
            words += (one.job_id, one.what, one.ran)
        words.insert(count, (len(words) - count) // 3)
    return words


def _leases(token: str, flat: list[Any], *, again: bool) -> list[Lease]:
    queues = iter(flat)
    leases = []
    for name, jobs in zip(queues, queues, strict=True):
        queue, words = name.decode(), iter(jobs)
        for job_id, hashed in zip(words, words, strict=True):
            pairs = iter(hashed)
            fields = dict(zip(pairs, pairs, strict=True))
            before = fields.get(b"attempt")
            attempt = (whole(before) or 0) + (not again) if before else 1
            # An id that no Workhorse made is given up in time: its outcome does not fit it.
            leases.append(Lease(job_id.decode("utf-8", "replace"), queue, token, attempt, fields))
    return leases
