"""How a job that a worker has is ended from outside.

What has not begun never does. What runs alone ends with its horse. Of those that run beside others
one is ended by its horse, as at its timeout; if it goes on, it ends with its horse, and the others
begin anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Collection, Mapping

from workhorse.ops.leases import Lease
from workhorse.worker import obituary
from workhorse.worker.flights import Flight
from workhorse.worker.horses import Horse
from workhorse.worker.kernel import INTERRUPT
from workhorse.worker.lateness import NEVER
from workhorse.worker.marks import ALONE, Marks
from workhorse.worker.timeouts import GRACE


class Ender:
    """Ends jobs.

    Args:
        horses: All there are.
        marks: Whose step each is at.
        stops: The executions (job id, token) that are to end.
        catch_up: Takes back what a horse has not begun, then learns what it had ended by then: in
            this order, for a horse reports a job before it receives the next.
        go_on: Does what follows, now and, if it is told when, by the loop's clock, then.
    """

    def __init__(
        self,
        horses: Mapping[int, Horse],
        marks: Marks,
        stops: Collection[tuple[str, str]],
        catch_up: Callable[[Horse], None],
        go_on: Callable[[float], None],
    ) -> None:
        self._horses = horses
        self._marks = marks
        self._stops = stops
        self._catch_up = catch_up
        self._go_on = go_on
        self._clock = asyncio.get_running_loop().time

    def stop(self, job_id: str, token: str, why: str) -> None:
        """End an execution that is here and among those that are to end: now, or soon.

        Args:
            job_id: The job.
            token: The execution's.
            why: Who wants it.
        """
        self._go_on(self._stop(job_id, token, why))

    def _stop(self, job_id: str, token: str, why: str) -> float:
        """End it if a horse has it; when to look at that horse, by the loop's clock."""
        riders = (one for one in self._horses.values() if _flight(one, job_id, token))
        horse = next(riders, None)
        if horse is None:
            return NEVER
        self._catch_up(horse)
        flight = _flight(horse, job_id, token)
        if flight is None:
            return NEVER
        if self._marks.read(horse.place) == ALONE and not horse.flights.aside:
            horse.kill(obituary.killed_to_stop(why), flight)
            return NEVER
        if flight.stop_by == NEVER:
            flight.stop_by, flight.stop_why = self._clock() + GRACE, why
        _interrupt(horse, flight)
        return flight.stop_by

    def kill(self, why: str) -> list[Lease]:
        """Kill the horses that have begun jobs, and with them these jobs: which."""
        leases: list[Lease] = []
        for horse in [horse for horse in self._horses.values() if horse.busy]:
            self._catch_up(horse)
            if horse.busy:
                horse.condemned = True
                horse.kill(why)
                leases += [flight.lease for flight in horse.flights]
        self._go_on(NEVER)
        return leases

    def withdrawn(self, *waiting: deque[Lease]) -> list[Lease]:
        """Take out of those that wait the ones that are to end."""
        if not self._stops:
            return []
        found: list[Lease] = []
        for line in waiting:
            ours = [lease for lease in line if (lease.id, lease.token) in self._stops]
            for lease in ours:
                line.remove(lease)
            found += ours
        return found


def _interrupt(horse: Horse, flight: Flight) -> None:
    """Have a horse end a flight that runs beside others; it may be too busy to hear that."""
    with contextlib.suppress(OSError):  # full, or dead and about to be reported
        horse.reports.send(f"{flight.lease.id}\n{flight.lease.token}".encode())
        if horse.pid:
            os.kill(horse.pid, INTERRUPT)


def _flight(horse: Horse, job_id: str, token: str) -> Flight | None:
    """What a horse has of an execution."""
    flight = horse.flights.find(job_id)
    return flight if flight is not None and flight.lease.token == token else None
