"""Which horse a job is given to, for how many more there is room. Pure: it only looks."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from workhorse.ops.reports import Report
from workhorse.worker import obituary
from workhorse.worker.horses import IMPATIENCE, OVERSTAY, Horse
from workhorse.worker.identity import resident_bytes
from workhorse.worker.pacing import Pace
from workhorse.worker.settings import Settings


def best_for(
    horses: Iterable[Horse], lanes: int, expected: float, *, together: bool
) -> Horse | None:
    """The horse to give a job to, where a horse runs many: an idle one, else the least laden.

    Args:
        horses: All there are.
        lanes: How many jobs a horse runs at a time of those that can.
        expected: Seconds that the job will probably take.
        together: Whether it can run beside others.
    """
    best: Horse | None = None
    least = 0.0
    for horse in horses:
        flights = horse.flights
        if horse.retired or not horse.pid:
            continue
        if not flights.line and not flights.aside:
            return horse
        if horse.can_take(expected, lanes, together=together):
            burden = len(flights) if together else flights.load
            if best is None or burden < least:
                best, least = horse, burden
    return best


def patience(horses: Iterable[Horse]) -> float:
    """How long a silent horse may keep jobs waiting: not for long while another has none."""
    return IMPATIENCE if any(one.at_work and not one.busy for one in horses) else OVERSTAY


def next_look(horses: Collection[Horse], now: float) -> float:
    """When to look which horses keep jobs waiting, by the loop's clock; never if none does."""
    wait = patience(horses)
    return min((horse.look_at(now, wait) for horse in horses), default=float("inf"))


def fresh_one(horses: Iterable[Horse], most: int) -> Horse | None:
    """The horse to give a job to, where each runs one job and `most` may work at a time."""
    found: Horse | None = None
    busy = 0
    for horse in horses:
        if horse.busy:
            busy += 1
        elif horse.at_work:
            found = found or horse
    return found if busy < most else None


def room(horses: Iterable[Horse], pace: Pace) -> int:
    """How many more jobs would keep horses busy that run many each."""
    depth, together = pace.depth(), pace.mostly_together()
    places = 0
    for horse in horses:
        if horse.at_work and not horse.numb and not horse.overstays(pace.lanes):
            flights = horse.flights
            held = len(flights) if together else flights.turns()
            # What waits may be one that runs beside others although few have been of late.
            least = int(bool(flights.aside) and len(flights) < pace.lanes)
            places += max(least, depth - held)
    return places


def fresh_room(horses: Iterable[Horse], pace: Pace, most: int) -> int:
    """How many more jobs would keep horses busy that run one each."""
    able = [horse for horse in horses if horse.at_work and not horse.overstays(1)]
    slow = sum(1 for horse in horses if horse.busy and horse.overstays(1))
    held = sum(len(horse.flights) for horse in able)
    return min(len(able), most - slow) * pace.depth() - held


def is_spent(horse: Horse, report: Report, way: str, limits: Settings) -> bool:
    """Whether a horse gets no more jobs after one that ended so.

    Args:
        horse: Which.
        report: The job's.
        way: How it ran (see `Ended`).
        limits: How long a horse lives.
    """
    most = limits.max_horse_memory
    return (
        limits.once
        or horse.retired
        or (limits.max_horse_jobs is not None and horse.ran >= limits.max_horse_jobs)
        or (most is not None and resident_bytes(horse.pid) > most)
        or (obituary.TIMED_OUT in report.names and way != "coroutine")
    )
