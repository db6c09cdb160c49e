"""Cron entries: define them, look at them, and fire their occurrences.

An entry fires wherever a worker is alive. What makes each occurrence happen once is one script:
it compares when the entry was due with what the caller has read, stores the occurrence's job
under an id that says which occurrence it is, and sets the next time. Who comes too late, or a
second time, changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from workhorse.codec import Codec
from workhorse.effects import Batch, Call, Flow, Word, command
from workhorse.envelopes import move_call, move_meta
from workhorse.exceptions import BadSchedule, NoSuchCronError, WorkhorseError
from workhorse.keys import Keys
from workhorse.names import cron_job_id
from workhorse.ops import hooks
from workhorse.ops.enqueue import words_of
from workhorse.records import CallSpec
from workhorse.scripts import load
from workhorse.timetable import MISSED, OVERLAP, Missed, Overlap, Timetable, plan, resumed

_JOB = b"job."


class Firing(NamedTuple):
    """One job that an entry has fired.

    Attributes:
        due: When the occurrence was due, ms since 1970; None if somebody asked for it.
        at: When it was fired, ms since 1970.
        job_id: Its job, which may be gone by now.
    """

    due: int | None
    at: int
    job_id: str


@dataclass(frozen=True, slots=True)
class CronEntry:
    """What an entry does, and when.

    Attributes:
        source: Which module defined it, or ''.
        call: Its job's fields, sealed for the entry's template.
    """

    name: str
    timetable: Timetable
    queue: str
    call: CallSpec
    missed: Missed = "once"
    overlap: Overlap = "allow"
    source: str = ""


@dataclass(frozen=True, slots=True)
class CronRecord:
    """An entry as the server has it.

    Attributes:
        revision: The same for the same definition.
        due: When it is due, ms since 1970; None for never.
        job: The fields of its jobs; `data` and `meta` are sealed for its template.
        last: What it fired last.
    """

    name: str
    revision: str
    timetable: Timetable
    queue: str
    missed: Missed
    overlap: Overlap
    source: str
    due: int | None
    paused: bool
    at_front: bool
    job: Mapping[bytes, bytes]
    last: Firing | None = None

    @property
    def func(self) -> str:
        """The dotted name of the function."""
        return self.job.get(b"func", b"").decode("utf-8", "replace")

    @property
    def description(self) -> str:
        """What is called, for people."""
        return self.job.get(b"description", b"").decode("utf-8", "replace")


class Fired(NamedTuple):
    """What came of looking at an entry that was due.

    Attributes:
        job_ids: The jobs that this caller has stored.
        due: When the entry is due next, ms since 1970; None for never, or if nobody knows here.
        now: The server's time, ms since 1970.
    """

    job_ids: list[str]
    due: int | None
    now: int


# Define them


def put(keys: Keys, entry: CronEntry, now: int | None = None) -> Flow[str]:
    """Store an entry, or replace the one of its name.

    Its next time stays if its timetable does, and a pause goes on.

    Returns:
        `new`, `changed`, or `same` if it was there already, just so.
    """
    now = yield from _now(now)
    due = entry.timetable.after(now)
    if due is None:
        raise BadSchedule(f"cron entry {entry.name!r} is never due")
    fields = _fields(entry)
    words: list[Word] = [keys.agenda, entry.name, _revision(entry, fields)]
    words += (entry.timetable.to_text(), due, entry.queue, *fields)
    answer: bytes = yield Call(load("cron_put"), words)
    return answer.decode()


def _fields(entry: CronEntry) -> list[str | bytes]:
    fields: list[str | bytes] = ["missed", entry.missed, "overlap", entry.overlap]
    if entry.source:
        fields += ("source", entry.source)
    if entry.call.at_front:
        fields += ("at_front", "1")
    words = iter(entry.call.fields)
    for name, value in zip(words, words, strict=True):
        fields += (_JOB + _raw(name), value)
    return fields


def _revision(entry: CronEntry, fields: list[str | bytes]) -> str:
    from hashlib import blake2b  # noqa: PLC0415 - few programs define entries

    digest = blake2b(digest_size=8)
    for word in (entry.timetable.to_text(), entry.queue, *fields):
        raw = _raw(word)
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def remove(keys: Keys, name: str) -> Flow[bool]:
    """Forget an entry; jobs that it has fired stay. Whether there was one."""
    there: int = yield Call(load("cron_remove"), [keys.agenda, name])
    return there == 1


def pause(keys: Keys, name: str) -> Flow[None]:
    """Fire an entry no more until it is resumed.

    Raises:
        NoSuchCronError: There is none of that name.
    """
    there: int = yield Call(load("cron_pause"), [keys.agenda, name])
    if not there:
        raise NoSuchCronError(name)


def resume(keys: Keys, name: str, now: int | None = None) -> Flow[None]:
    """Fire a paused entry again, from its next time on.

    Raises:
        NoSuchCronError: There is none of that name.
    """
    while True:
        record, now_here = yield from _read(keys, name, now)
        due = resumed(record.timetable, record.due, now_here)
        upcoming = "" if due is None else due
        words: list[Word] = [keys.agenda, name, record.revision, upcoming]
        if (yield Call(load("cron_resume"), words)):
            return


# Look at them


def find(keys: Keys, name: str) -> Flow[CronRecord]:
    """One entry.

    Raises:
        NoSuchCronError: There is none of that name.
        BadSchedule: It cannot be read here.
    """
    record, _ = yield from _read(keys, name, 0)
    return record


def find_all(keys: Keys) -> Flow[list[CronRecord]]:
    """All entries that can be read here, by name."""
    found = yield command("ZRANGE", keys.crons, 0, -1)
    names = sorted(name.decode("utf-8", "replace") for name in found)
    if not names:
        return []
    replies = yield Batch([call for name in names for call in _calls(keys, name)])
    records = []
    for name, flat, last in zip(names, replies[::2], replies[1::2], strict=True):
        try:
            records.append(_record(name, flat, last))
        except WorkhorseError:
            continue  # removed meanwhile; or none of ours, which the worker that fires it tells
    return records


def history(keys: Keys, name: str, length: int = -1) -> Flow[list[Firing]]:
    """What an entry has fired, newest first: at most 1000 jobs, or `length` of them."""
    if length == 0:
        return []
    lines = yield command("LRANGE", keys.fired(name), 0, -1 if length < 0 else length - 1)
    return [_firing(line) for line in lines]


def _read(keys: Keys, name: str, now: int | None) -> Flow[tuple[CronRecord, int]]:
    """An entry, and what time it is."""
    clock, flat, last = yield Batch([command("TIME"), *_calls(keys, name)])
    return _record(name, flat, last), _ms(clock) if now is None else now


def _calls(keys: Keys, name: str) -> tuple[Call, Call]:
    return command("HGETALL", keys.cron(name)), command("LINDEX", keys.fired(name), 0)


def _record(name: str, flat: list[bytes], last: bytes | None) -> CronRecord:
    words = iter(flat)
    fields = dict(zip(words, words, strict=True))
    if not fields:
        raise NoSuchCronError(name)
    try:
        return CronRecord(
            name,
            fields[b"revision"].decode(),
            Timetable.from_text(fields[b"timetable"].decode()),
            fields[b"queue"].decode(),
            cast("Missed", _one_of(MISSED, fields[b"missed"])),
            cast("Overlap", _one_of(OVERLAP, fields[b"overlap"])),
            fields.get(b"source", b"").decode(),
            int(fields[b"due"]) if b"due" in fields else None,
            b"paused" in fields,
            b"at_front" in fields,
            {k.removeprefix(_JOB): v for k, v in fields.items() if k.startswith(_JOB)},
            None if last is None else _firing(last),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadSchedule(f"cron entry {name!r} cannot be read here: {error!s:.200}") from error


def _firing(line: bytes) -> Firing:
    due, at, job_id = line.decode("utf-8", "replace").split(" ")
    return Firing(None if due == "-" else int(due), int(at), job_id)


# Fire them


def fire(keys: Keys, codec: Codec, name: str, now: int | None = None) -> Flow[Fired]:
    """Fire what is due of an entry, and say when it is due next.

    Safe from any number of callers at any time: each occurrence is fired by one of them.

    Args:
        keys: The namespace's.
        codec: Signs the jobs; arguments are not decoded.
        name: The entry.
        now: The time, for tests; else the server's.

    Raises:
        NoSuchCronError: There is none of that name.
        RefusedPayload: Its arguments are not to be trusted; the text says why.
        BadSchedule: It cannot be read here.
    """
    job_ids: list[str] = []
    while True:
        record, clock = yield from _read(keys, name, now)
        if record.paused or record.due is None:
            return Fired(job_ids, None, clock)
        ticks, then = plan(record.timetable, record.missed, record.due, clock)
        words: list[Word] = [keys.agenda, "" if now is None else now, name, record.revision]
        words += (record.due, "" if then is None else then, record.overlap, record.queue)
        for tick in ticks:
            words += (tick, *words_of([_spec(keys, codec, record, tick)]))
        fired = yield Call(load("cron_fire"), words)
        if fired is None:
            return Fired(job_ids, None, clock)
        job_ids += [job_id.decode() for job_id in fired]
        if then is None or then > clock:
            return Fired(job_ids, then, clock)


def run_now(keys: Keys, codec: Codec, name: str, now: int | None = None) -> Flow[CallSpec]:
    """Fire an entry's job now, whatever its timetable says, and also if it is paused.

    Returns:
        The job.

    Raises:
        NoSuchCronError: There is none of that name.
        RefusedPayload: Its arguments are not to be trusted; the text says why.
    """
    occurrence = f"run{os.urandom(5).hex()}"
    while True:
        record, _ = yield from _read(keys, name, now)
        spec = _spec(keys, codec, record, occurrence)
        words: list[Word] = [keys.agenda, "" if now is None else now, name, record.revision]
        words += (record.queue, *words_of([spec]))
        if (yield Call(load("cron_run"), words)):
            return spec


def due(keys: Keys) -> Flow[list[str]]:
    """The names of entries that are due, for a worker that exchanges no jobs now."""
    news = yield Call(load("cron_due"), [keys.agenda, ""])
    return [name.decode("utf-8", "replace") for name in news[1::2]]


def delay(keys: Keys, name: str, wait: int) -> Flow[None]:
    """Look at an entry again after `wait` ms: it cannot be fired here."""
    revision = yield command("HGET", keys.cron(name), "revision")
    yield Call(load("cron_delay"), [keys.agenda, "", name, revision or b"", wait])


def _spec(keys: Keys, codec: Codec, record: CronRecord, occurrence: str | int) -> CallSpec:
    """The job of an occurrence, signed for it."""
    job_id = cron_job_id(record.name, occurrence)
    template = keys.namespace, record.queue, cron_job_id(record.name)
    bearer = keys.namespace, record.queue, job_id
    job = dict(record.job)
    job[b"data"] = move_call(codec, template, bearer, record.job)
    if job.get(b"meta"):
        job[b"meta"] = move_meta(codec, template, bearer, job[b"meta"])
    if job.get(b"hooks"):
        job[b"hooks"] = hooks.moved(codec, keys.namespace, job_id, job[b"hooks"])
    waits = record.overlap == "queue" and not isinstance(occurrence, str)
    if record.at_front and waits:
        job[b"front"] = b"1"
    ttl = int(job[b"ttl"]) * 1000 if b"ttl" in job else None
    fields = tuple(word for pair in job.items() for word in pair)
    return CallSpec(job_id, fields, ttl, record.at_front, waits=waits)


def _now(given: int | None) -> Flow[int]:
    return given if given is not None else _ms((yield command("TIME")))


def _ms(clock: Any) -> int:  # noqa: ANN401 - a reply of TIME
    return int(clock[0]) * 1000 + int(clock[1]) // 1000


def _one_of(known: tuple[str, ...], word: bytes) -> str:
    text = word.decode()
    if text not in known:
        raise ValueError(f"{text!r} is none of {', '.join(known)}")
    return text


def _raw(word: str | bytes) -> bytes:
    return word if isinstance(word, bytes) else word.encode()
