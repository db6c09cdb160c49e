"""The scripts as plain functions of a namespace and a time, for tests that go below the flows."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.effects import Call, Flow, Word
from workhorse.effects import command as plain
from workhorse.scripts import load

NOW = 2_000_000_000_000
"""The time of a call that is given no other, ms."""
LEASE = 15_000
TTL = 60_000
"""How long a worker counts as alive, ms."""
YEAR = 31_536_000_000


HEAD = ("kind", "queue", "token", "wait", "at_front", "again")
"""What outcomes of one exchange must have in common to share it."""


class New(NamedTuple):
    """One job for `enqueue`."""

    id: str
    mode: str = "new"
    nonce: str = ""
    place: str = "back"
    when: int | str = ""
    ttl: int | str = ""
    fields: tuple[Word, ...] = ()


def likeness(new: New) -> tuple[Any, ...]:
    """What jobs of one call must have in common to share a head: they are put in place together."""
    return *new[1:6], new.fields[::2]


class Settled(NamedTuple):
    """One outcome for `exchange`."""

    kind: str
    id: str
    token: str
    what: str | bytes = ""
    wait: int = 0
    queue: str = "q"
    ran: int = 5
    at_front: str = ""
    again: str = ""


class Taken(NamedTuple):
    """One job that `exchange` handed out."""

    id: str
    queue: str
    fields: dict[str, str]


class Answer(NamedTuple):
    """What `exchange` said."""

    jobs: list[Taken]
    refused: list[str]
    due: float
    left: int
    now: int

    @property
    def ids(self) -> list[str]:
        return [job.id for job in self.jobs]


class Scripts:
    """One method per script; `news` is what the last exchange told besides."""

    news: list[bytes]

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.keys = connection.keys

    def call(self, name: str, *words: Word) -> Any:
        return run(self.connection, _one(Call(load(name), [self.keys.agenda, *words])))

    def command(self, *words: Word) -> Any:
        return run(self.connection, _one(plain(*words)))

    def enqueue(self, *jobs: New, queue: str = "q", time: int = NOW) -> list[int]:
        words: list[Word] = []
        for head, group in groupby(jobs, likeness):
            alike = list(group)
            words += (*head[:5], len(alike), len(head[5]), *head[5])
            for job in alike:
                words += (job.id, *job.fields[1::2])
        now, *known = self.call("enqueue", time, queue, *words)
        return [now, *(int(job.id.encode() not in known) for job in jobs)]

    def exchange(
        self,
        number: int,
        *outcomes: Settled,
        want: int = 0,
        queues: tuple[str, ...] = ("q",),
        worker: str = "w",
        max_crashes: int = 3,
        woken: bool = True,
        rests: int = 0,
        time: int = NOW,
    ) -> Answer:
        words: list[Word] = [time, worker, number, LEASE, max_crashes, want, woken + rests]
        words += (len(queues), *queues)
        for head, group in groupby(outcomes, attrgetter(*HEAD)):
            alike = list(group)
            words += (*head, len(alike))
            for one in alike:
                words += (one.id, one.what, one.ran)
        flat, refused, due, left, now, again, *more = self.call("exchange", *words)
        assert again in {0, 1}
        taken = [
            Taken(job_id.decode(), name.decode(), _fields(fields))
            for name, jobs in zip(flat[::2], flat[1::2], strict=True)
            for job_id, fields in zip(jobs[::2], jobs[1::2], strict=True)
        ]
        self.news = more[0] if more else []
        in_ms = due / 1000 if due > 0 else due
        return Answer(taken, [word.decode() for word in refused], in_ms, left, now)

    def register(self, worker: str = "w", identity: str = "1", *, time: int = NOW) -> list[bytes]:
        words = (time, worker, TTL, "machine", identity, "queues", "q")
        answer: list[bytes] = self.call("register", *words)
        return answer

    def extend(
        self,
        *leases: tuple[str, str],
        worker: str = "w",
        identity: str = "1",
        queue: str = "q",
        time: int = NOW,
    ) -> tuple[int, list[str], list[bytes]]:
        words: list[Word] = [time, worker, TTL, LEASE, "machine", identity, 2, "state", "busy"]
        for job_id, token in leases:
            words += (job_id, queue, token)
        known, lost, others, *_ = self.call("extend", *words)
        return known, [word.decode() for word in lost], others

    def takeover(
        self, worker: str = "w", identity: str = "1", *, at_most: int = 500, time: int = NOW
    ) -> int:
        moved: int = self.call("takeover", time, worker, identity, "machine", 3, at_most)
        return moved

    def unregister(self, worker: str = "w", identity: str = "1") -> int:
        gone: int = self.call("unregister", worker, identity)
        return gone

    def cancel(
        self, job_id: str, nonce: str = "c", *, ttl: int = YEAR, release: str = "", time: int = NOW
    ) -> int:
        done: int = self.call("cancel", time, job_id, ttl, nonce, release)
        return done

    def delete(self, job_id: str, time: int = NOW) -> int:
        done: int = self.call("delete", time, job_id)
        return done

    def requeue(
        self, *ids: str, nonce: str = "r", at_front: int = 0, time: int = NOW
    ) -> list[int | bytes]:
        answers: list[int | bytes] = self.call("requeue", time, at_front, nonce, *ids)
        return answers


def _one(call: Call) -> Flow[Any]:
    return (yield call)


def _fields(flat: list[bytes]) -> dict[str, str]:
    words = [word.decode("utf-8", "backslashreplace") for word in flat]
    return dict(zip(words[::2], words[1::2], strict=True))


def job(status: str = "queued", **fields: object) -> dict[str, str]:
    """The hash of a job that was enqueued in queue `q` at `NOW`."""
    known = {"status": status, "origin": "q", "created_at": NOW, **fields}
    return {name: str(value) for name, value in known.items()}
