"""Whose time is up, and who holds up whom: what the supervisor sees of it."""

from __future__ import annotations

import logging
from typing import Final

from workhorse.ops.leases import Lease
from workhorse.worker import obituary
from workhorse.worker.flights import Flight
from workhorse.worker.horses import Horse
from workhorse.worker.identity import resident_bytes
from workhorse.worker.marks import ALONE, NOBODY, mark_of
from workhorse.worker.tally import one_line
from workhorse.worker.timeouts import GRACE

log = logging.getLogger("workhorse.worker")

NEVER: Final = float("inf")
AGAIN: Final = 0.25
"""How soon to look again at a flight whose time is up while another holds up its horse, seconds."""
DEAF: Final = 1.0
"""How long a horse may fail to end a flight whose time is up though nobody's step keeps it from
that, seconds: it would say at least that the flight goes on."""


def overdue_at(flight: Flight) -> float:
    """When a flight that runs must have ended by itself, by the loop's clock."""
    if flight.limit < 0:
        return flight.stop_by
    return min(flight.since + flight.limit + GRACE, flight.stop_by)


def next_overdue(horse: Horse, now: float) -> float:
    """When the next of a horse's flights can be overdue, by the loop's clock."""
    soonest = NEVER
    for flight in horse.flights.running():
        at = overdue_at(flight)
        soonest = min(soonest, at if at > now else now + AGAIN)
    return soonest


def late_one(horse: Horse, mark: int, now: float) -> Flight | None:
    """The flight because of which a horse must be killed: overdue, and itself to blame for it.

    A coroutine is cancelled by its horse. If that does not happen, the loop is held up by whoever
    the mark names; that one's time will be up, too.
    """
    for flight in horse.flights.running():
        if now >= overdue_at(flight) and (
            mark in {ALONE, mark_of(flight.lease.id)} or flight.threaded or flight.stubborn
        ):
            return flight
    return None


def is_deaf(horse: Horse, mark: int, now: float) -> bool:
    """Whether a horse's loop hangs in nobody's step, so that it ends no flight whose time is up."""
    if mark != NOBODY or all(now < overdue_at(flight) for flight in horse.flights.running()):
        horse.deaf_since = NEVER
        return False
    horse.deaf_since = min(horse.deaf_since, now)
    return now - max(horse.deaf_since, horse.since) >= DEAF


def end_if_late(horse: Horse, mark: int, now: float) -> bool:
    """Kill a horse that does not end what it should; whether it does not."""
    late = late_one(horse, mark, now) if not horse.doom else None
    if late is not None:
        stopped = late.stop_by <= now
        killed = (
            obituary.killed_to_stop(late.stop_why)
            if stopped
            else obituary.timed_out(late.limit, late.calling)
        )
        horse.kill(killed, late)
    elif is_deaf(horse, mark, now):
        horse.kill(obituary.deaf())
    else:
        return False
    return True


def end_if_too_large(horse: Horse, limit: int | None) -> None:
    """Kill a horse that holds more memory than that, bytes."""
    if limit is not None and (size := resident_bytes(horse.pid)) > limit:
        horse.kill(obituary.too_large(size, limit))


def begun_by(horse: Horse, mark: int) -> list[Flight]:
    """The flight that has begun by its mark, and could not yet say so; if there is one."""
    if mark in {ALONE, NOBODY}:
        return []
    return [flight for flight in horse.flights.line if mark_of(flight.lease.id) == mark][:1]


def received_by(horse: Horse, mark: int) -> list[Flight]:
    """What a silent horse has begun, or is about to, after all was taken back that can be.

    Its loop begins what it receives, and says so in the next turn but one. A loop that hangs
    before that in nobody's step says nothing any more, and only the time of what has begun is
    watched: so it would hang until the first in line has to end, and not the first of all.
    """
    return list(horse.flights.line) if mark == NOBODY else []


def tell_blocked(lease: Lease, where: str) -> None:
    """Log that a coroutine holds up its horse."""
    log.warning(
        "%s: %s holds up the event loop of its horse, at %s; all others there wait: use "
        "`await`, or asyncio.to_thread() for what blocks",
        lease.queue,
        one_line(f"{lease.function} ({lease.id})"),
        one_line(where, 500),
    )
