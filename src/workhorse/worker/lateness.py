"""Whose time is up, and who holds up whom: what the supervisor sees of it."""

from __future__ import annotations

import logging
from typing import Final

from workhorse.ops.leases import Lease
from workhorse.worker.flights import Flight
from workhorse.worker.horses import Horse
from workhorse.worker.marks import ALONE, mark_of
from workhorse.worker.timeouts import GRACE

log = logging.getLogger("workhorse.worker")

NEVER: Final = float("inf")
AGAIN: Final = 0.25
"""How soon to look again at a flight whose time is up while another holds up its horse, seconds."""


def overdue_at(flight: Flight) -> float:
    """When a flight that runs must have ended by itself, by the loop's clock."""
    timeout = flight.lease.timeout
    return flight.since + timeout + GRACE if timeout >= 0 else NEVER


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
            mark in {ALONE, mark_of(flight.lease.id)}
            or flight.threaded
            or flight.stubborn
            or flight.lease.id not in horse.flights.aside
        ):
            return flight
    return None


def tell_blocked(lease: Lease, where: str) -> None:
    """Log that a coroutine holds up its horse."""
    log.warning(
        "%s: %s (%s) holds up the event loop of its horse, at %s; all others there wait: use "
        "`await`, or asyncio.to_thread() for what blocks",
        lease.queue,
        lease.function,
        lease.id,
        "".join(c if c.isprintable() else "?" for c in where[:500]),
    )
