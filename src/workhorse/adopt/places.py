"""Where RQ has its jobs, and the questions to the server about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from workhorse.adopt.keys import RqKeys
from workhorse.adopt.rqjob import MOST_RESULTS
from workhorse.effects import Batch, Call, Flow, command

LISTS = frozenset(("queue", "taken"))
REGISTRIES = ("wip", "ready", "scheduled", "failed", "finished", "canceled", "deferred")
ORDER = ("wip", "taken", "queue", "ready", "limited", *REGISTRIES[2:])
"""Which kinds of places are looked at, one after the other: parents before those that wait."""
_SCANNED = 1000


class Place(NamedTuple):
    """A list or a sorted set that has jobs.

    Attributes:
        kind: One of `ORDER`.
        queue: Whose it is; '' if the jobs themselves say it.
        key: Its key.
    """

    kind: str
    queue: str
    key: str


class Entry(NamedTuple):
    """A job in its place.

    Attributes:
        job_id: Its id.
        member: What stands for it there.
        score: Its score, if the place has such.
    """

    job_id: str
    member: str
    score: float = 0.0


def queue_names(rq: RqKeys) -> Flow[list[str]]:
    """The names of all queues that RQ knows, sorted."""
    found = yield command("SMEMBERS", rq.queues)
    names = (rq.name_of(key.decode("utf-8", "replace")) for key in found)
    return sorted(name for name in names if name)


def places(rq: RqKeys, queues: Sequence[str]) -> Flow[list[Place]]:
    """All places that have jobs of these queues, in the order in which to look at them."""
    limits = yield command("SMEMBERS", rq.limits)
    found = []
    for kind in ORDER:
        if kind == "limited":
            names = (name.decode("utf-8", "replace") for name in sorted(limits))
            found += [Place(kind, "", rq.limited(name)) for name in names]
        else:
            found += [Place(kind, queue, _key(rq, kind, queue)) for queue in queues]
    return found


def lengths(some: Sequence[Place]) -> Flow[list[int]]:
    """How many jobs each place has."""
    counts: list[int] = yield Batch(
        [command("LLEN" if place.kind in LISTS else "ZCARD", place.key) for place in some]
    )
    return counts


def entries(place: Place, start: int, count: int) -> Flow[list[Entry]]:
    """Some of a place's jobs, from index `start` on; the next to run, or the oldest, first."""
    if place.kind in LISTS:
        ids = yield command("LRANGE", place.key, start, start + count - 1)
        return [Entry(_text(one), _text(one)) for one in ids]
    flat = yield command("ZRANGE", place.key, start, start + count - 1, "WITHSCORES")
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [Entry(_text(one).partition(":")[0], _text(one), float(score)) for one, score in pairs]


def scan(rq: RqKeys, cursor: int) -> Flow[tuple[int, list[Entry]]]:
    """Some of all jobs, wherever they are, and the cursor for more of them; 0 if that was all."""
    after, keys = yield command("SCAN", cursor, "MATCH", rq.all_jobs, "COUNT", _SCANNED)
    ids = (rq.id_of(_text(key)) for key in keys)
    return int(after), [Entry(job_id, job_id) for job_id in ids if job_id]


def contents(rq: RqKeys, ids: Sequence[str]) -> Flow[list[tuple[list[bytes], list[Any]]]]:
    """Hash and results of each job, as the server has them."""
    replies = yield Batch([call for job_id in ids for call in _reads(rq, job_id)])
    return list(zip(replies[::2], replies[1::2], strict=True))


def waiting_elsewhere(rq: RqKeys, job_id: str, queues: Sequence[str]) -> Flow[str | None]:
    """A queue that is none of these and has a deferred job that waits for this one."""
    children = yield command("SMEMBERS", rq.dependents(job_id))
    if not children:
        return None
    found = yield Batch([command("HMGET", rq.job(_text(c)), "status", "origin") for c in children])
    for status, origin in found:
        if status == b"deferred" and origin is not None and _text(origin) not in queues:
            return _text(origin)
    return None


def _reads(rq: RqKeys, job_id: str) -> Iterator[Call]:
    yield command("HGETALL", rq.job(job_id))
    yield command("XREVRANGE", rq.results(job_id), "+", "-", "COUNT", MOST_RESULTS)


def _key(rq: RqKeys, kind: str, queue: str) -> str:
    if kind == "queue":
        return rq.queue(queue)
    return rq.taken(queue) if kind == "taken" else rq.registry(kind, queue)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
