"""What a horse was handed and has not reported.

A *flight* is such a lease. Flights in *line* begin in order: the first may run, the others have
not begun. Those *aside* run beside each other: the horse has said so, or it is silent and they
must have begun.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from typing import NamedTuple

from workhorse.ops.leases import Lease


class Calling(NamedTuple):
    """A callback that runs.

    Attributes:
        seconds: How long it may.
        role: Which it is.
        before: The error of the job, if that had failed when the callback began.
    """

    seconds: float
    role: str
    before: str


class Flight:
    """A lease in a horse's hands.

    Attributes:
        expected: Seconds it will probably take.
        together: Whether it may run beside others, as far as is known.
        large: Whether its arguments are.
        since: When it began, or became the first in line, by the loop's clock.
        threaded: Whether the horse has said that it runs on a thread.
        stubborn: Whether the horse has said that it goes on after its timeout.
        stop_by: When it must have ended because somebody stops it, by the loop's clock.
        stop_why: Who does.
        calling: The callback of the job that runs now, if the horse has said so.
    """

    # Most flights have none of these; so each costs nothing until it is set.
    threaded = False
    stubborn = False
    stop_by = float("inf")
    stop_why = ""
    calling: Calling | None = None

    def __init__(
        self,
        lease: Lease,
        expected: float,
        together: bool,  # noqa: FBT001 - a word costs less without its name, and each job pays it
        large: bool,  # noqa: FBT001 - likewise
    ) -> None:
        self.lease = lease
        self.expected = expected
        self.together = together
        self.large = large
        self.since = 0.0

    @property
    def limit(self) -> float:
        """How long what runs of it now may run, seconds; negative: for ever."""
        return self.lease.timeout if self.calling is None else self.calling.seconds

    def call(self, now: float, calling: Calling) -> None:
        """A callback begins."""
        self.since, self.calling, self.stubborn = now, calling, False


class Flights:
    """All flights of one horse.

    Args:
        clock: The loop's.

    Attributes:
        line: What is not known to have begun, and what it is to run alone.
        aside: What has begun beside others, by id.
        load: Seconds that the line will probably take.
        plain: How many in line cannot run beside others.
        large: How many in line have large arguments.
    """

    __slots__ = ("_clock", "aside", "large", "line", "load", "plain")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.line: deque[Flight] = deque()
        self.aside: dict[str, Flight] = {}
        self.load = 0.0
        self.plain = 0
        self.large = 0

    def __len__(self) -> int:
        return len(self.line) + len(self.aside)

    def __iter__(self) -> Iterator[Flight]:
        """All, first come first."""
        return chain(self.aside.values(), self.line)

    def running(self) -> Iterator[Flight]:
        """What runs, as far as is known."""
        yield from self.aside.values()
        if self.line:
            yield self.line[0]

    def waits(self) -> bool:
        """Whether anything is in line that may not begin soon."""
        return len(self.line) > (0 if self.aside else 1)

    def behind(self) -> float:
        """Seconds that what is in line behind the first will probably take."""
        return self.load - self.line[0].expected if self.line else 0.0

    def turns(self) -> int:
        """How many there are that others have to wait behind."""
        aside = self.aside.values()
        return self.plain + sum(flight.threaded or not flight.together for flight in aside)

    def find(self, job_id: str) -> Flight | None:
        """The flight of a job."""
        return self.aside.get(job_id) or next(
            (flight for flight in self.line if flight.lease.id == job_id), None
        )

    def add(self, flight: Flight) -> None:
        """It was handed over."""
        if not self.line:
            flight.since = self._clock()
        self.line.append(flight)
        self.load += flight.expected
        self.plain += not flight.together
        self.large += flight.large

    def land(self, job_id: str, now: float, *, first: bool) -> Flight | None:
        """A run has ended; None if the job is not here, or not the first in line as it must be.

        One that seemed to run beside others, for its module was slow to come, may be that, too.
        """
        line = self.line
        if line and line[0].lease.id == job_id:
            flight = line.popleft()
            self.plain -= not flight.together
            self.large -= flight.large
            if line:
                self.load -= flight.expected
                line[0].since = now
            else:
                self.load = 0.0
            return flight
        found = self.find(job_id) if job_id in self.aside or not first else None
        if found is not None and self.aside.pop(job_id, None) is None:
            self.strike({job_id})
        return found

    def begin(self, flights: Collection[Flight], *, threaded: bool = False) -> None:
        """They run now beside others."""
        now = self._clock()
        for flight in flights:
            flight.since = now
            flight.threaded = threaded
            self.aside[flight.lease.id] = flight
        self.strike({flight.lease.id for flight in flights})

    def refuse(self, ids: Collection[str]) -> None:
        """They have not begun, whatever it seemed, and are here no more."""
        for job_id in ids:
            self.aside.pop(job_id, None)
        self.strike(ids)

    def strike(self, ids: Collection[str]) -> list[Lease]:
        """Take these jobs out of the line; their leases, in order."""
        struck = [flight.lease for flight in self.line if flight.lease.id in ids]
        first = self.line[0] if self.line else None
        self.line = deque(flight for flight in self.line if flight.lease.id not in ids)
        self.load = sum(flight.expected for flight in self.line)
        self.plain = sum(not flight.together for flight in self.line)
        self.large = sum(flight.large for flight in self.line)
        if self.line and self.line[0] is not first:
            self.line[0].since = self._clock()
        return struck

    def abandon(self) -> list[Lease]:
        """Let go of all; their leases."""
        leases = [flight.lease for flight in self]
        self.line.clear()
        self.aside.clear()
        self.load, self.plain, self.large = 0.0, 0, 0
        return leases
