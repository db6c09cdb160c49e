"""The lives of workers: birth, heartbeat, death, and who is alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workhorse.effects import Batch, Call, Flow, Word, command
from workhorse.exceptions import DuplicateWorkerError, ServerError
from workhorse.keys import Keys
from workhorse.records import WorkerRecord, worker_record
from workhorse.scripts import load


@dataclass(frozen=True, slots=True)
class Identity:
    """Which process a worker is.

    Attributes:
        name: The worker's name.
        machine: The boot and the pid namespace it runs in, or '' where that is unknown.
        process: Pid and start time there.
    """

    name: str
    machine: str
    process: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a heartbeat brought back.

    Attributes:
        known: False if the server has forgotten the worker: it must register again.
        lost: Ids whose lease is not the worker's any more.
        neighbours: The other workers of its machine.
        cron: Milliseconds until a cron entry is due, or None.
    """

    known: bool
    lost: list[str]
    neighbours: list[Identity]
    cron: int | None = None


def register(
    keys: Keys, who: Identity, ttl: int, facts: Mapping[str, Word]
) -> Flow[list[Identity]]:
    """Make a worker known; it counts as alive for `ttl` ms after each heartbeat.

    Returns:
        The other workers of its machine.

    Raises:
        DuplicateWorkerError: A live worker has that name.
    """
    words = [keys.agenda, "", who.name, ttl, who.machine, who.process, *_flat(facts)]
    try:
        reply = yield Call(load("register"), words)
    except ServerError as error:
        if error.code != "DUPLICATE":
            raise
        message = (
            f"a live worker is called {who.name!r} already; choose another --name, or wait "
            f"until it counts as gone ({ttl / 1000:g} s after its last heartbeat)"
        )
        raise DuplicateWorkerError(message) from None
    return _identities(who.machine, reply)


def extend(  # noqa: PLR0913 - the words of one heartbeat
    keys: Keys,
    who: Identity,
    ttl: int,
    lease: int,
    facts: Mapping[str, Word],
    leases: Sequence[tuple[str, str, str]],
) -> Flow[Heartbeat]:
    """A heartbeat: the worker is alive and goes on with these (job id, queue, token)."""
    flat = _flat(facts)
    words: list[Word] = [
        keys.agenda,
        "",
        who.name,
        ttl,
        lease,
        who.machine,
        who.process,
        len(flat),
        *flat,
    ]
    for held in leases:
        words += held
    known, lost, others, *cron = yield Call(load("extend"), words)
    return Heartbeat(
        known == 1,
        [_text(job_id) for job_id in lost],
        _identities(who.machine, others),
        cron[0] if cron else None,
    )


def unregister(keys: Keys, who: Identity) -> Flow[None]:
    """A worker says goodbye."""
    yield Call(load("unregister"), [keys.agenda, who.name, who.process])


def takeover(keys: Keys, dead: Identity, max_crashes: int) -> Flow[int]:
    """Give back the jobs of a worker whose process is known to be gone.

    Returns:
        How many jobs went back to their queues.
    """
    total, at_most = 0, 500
    while True:
        words: list[Word] = [
            keys.agenda,
            "",
            dead.name,
            dead.process,
            dead.machine,
            max_crashes,
            at_most,
        ]
        moved: int = yield Call(load("takeover"), words)
        total += moved
        if moved < at_most:
            return total


def alive(keys: Keys) -> Flow[list[WorkerRecord]]:
    """All workers that are alive, by name."""
    seconds, micros = yield command("TIME")
    now = int(seconds) * 1000 + int(micros) // 1000
    names = yield command("ZRANGE", keys.workers, f"({now}", "+inf", "BYSCORE")
    replies = yield Batch([command("HGETALL", keys.worker(name.decode())) for name in names])
    records = [
        worker_record(name.decode(), flat)
        for name, flat in zip(names, replies, strict=True)
        if flat
    ]
    return sorted(records, key=lambda record: record.name)


def find(keys: Keys, name: str) -> Flow[WorkerRecord | None]:
    """One worker by name, alive or not yet forgotten; None if there is none."""
    flat = yield command("HGETALL", keys.worker(name))
    return worker_record(name, flat) if flat else None


def identity_of(keys: Keys, name: str) -> Flow[Identity | None]:
    """Which process bears the name now; None if none does."""
    process, machine = yield command("HMGET", keys.worker(name), "identity", "machine")
    if process is None:
        return None
    return Identity(name, _text(machine or b""), _text(process))


def _flat(facts: Mapping[str, Word]) -> list[Word]:
    return [word for pair in facts.items() for word in pair]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _identities(machine: str, flat: Sequence[bytes]) -> list[Identity]:
    words = iter(flat)
    return [
        Identity(_text(name), machine, _text(process))
        for name, process in zip(words, words, strict=True)
    ]
