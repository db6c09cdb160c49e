"""Limits that jobs share: which are in use, and who has slots or stands in line for one."""

from __future__ import annotations

from dataclasses import dataclass

from workhorse.effects import Batch, Call, Flow, command
from workhorse.keys import Keys
from workhorse.scripts import load

PAGE = 500
"""How many limits one look tells of: the server does nothing else meanwhile."""


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How a limit stands.

    Attributes:
        key: What it is called.
        concurrency: How many jobs may have slots, as the first in line has it, or one that has a
            slot if nobody stands in line: each job brings the number with it.
        slots: How many have one: they are in queues, or run.
        in_line: How many stand in line for one.
    """

    key: str
    concurrency: int
    slots: int
    in_line: int


def overview(keys: Keys, start: int = 0, most: int = PAGE) -> Flow[tuple[int, list[LimitUse]]]:
    """How many limits are in use, and a page of them, the newest first; nothing is changed."""
    total, *rows = yield Call(load("limits"), [keys.agenda, start, most])
    return total, [LimitUse(key.decode("utf-8", "replace"), *numbers) for key, *numbers in rows]


def in_use(keys: Keys) -> Flow[list[LimitUse]]:
    """All limits that jobs hold or stand in line for, the newest first, read a page at a time."""
    found: dict[str, LimitUse] = {}
    start, total = 0, 1
    while start < total:
        total, rows = yield from overview(keys, start)
        # What came into use meanwhile has moved the others down: they are seen twice.
        found |= {row.key: row for row in rows}
        start += PAGE
    return [*found.values()]


def holders(keys: Keys, limit: str) -> Flow[list[str]]:
    """The ids of the jobs that have a slot of a limit, sorted."""
    found = yield command("SMEMBERS", keys.slots(limit))
    return sorted(job_id.decode("utf-8", "replace") for job_id in found)


def line(keys: Keys, limit: str) -> Flow[list[str]]:
    """The ids of the jobs that stand in line for a slot of a limit, the next one first."""
    found = yield command("ZRANGE", keys.limited(limit), 0, -1)
    return [job_id.decode("utf-8", "replace") for job_id in found]


def concurrency(keys: Keys, limit: str) -> Flow[int]:
    """How many jobs may have slots of a limit, as in `LimitUse`; 0 if nobody says."""
    first = command("ZRANGE", keys.limited(limit), 0, 0)
    waiting, holder = yield Batch([first, command("SRANDMEMBER", keys.slots(limit))])
    decides = waiting[0] if waiting else holder
    if decides is None:
        return 0
    text = yield command("HGET", keys.job(decides.decode("utf-8", "replace")), "rate_limit")
    allowed: bytes = (text or b"").partition(b" ")[0]
    return int(allowed) if allowed.isdigit() else 0
