"""A horse as the supervisor sees it: its jobs, its two channels, its end."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from workhorse.codec import max_payload
from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.worker import obituary
from workhorse.worker.flights import Calling, Flight, Flights
from workhorse.worker.handoff import (
    BrokenReport,
    Ended,
    Note,
    job_message,
    read_job,
    read_message,
)
from workhorse.worker.kernel import kill_group
from workhorse.worker.marks import ALONE, NOBODY, mark_of
from workhorse.worker.pacing import AHEAD, BESIDE, MOST_AHEAD
from workhorse.worker.parcels import NO_WAIT, RECEIVE, BadParcel, channel, receive, send

OVERSTAY: Final = 0.020
"""How long a job may run before those behind it are given to somebody else, seconds."""
IMPATIENCE: Final = 0.005
"""The same while another horse has nothing to do, seconds."""
LARGE_AHEAD: Final = 2
"""How many jobs with large arguments a horse is given: one that runs, and one that waits for it."""
AT_ONCE: Final = 256
"""How many reports are read before others get their turn."""


Past = tuple[Flight, Report, str]
"""A flight that has ended, its report, and how it ran (see `Ended`)."""


class Told(NamedTuple):
    """What a horse has said of some of its flights; or of modules, if there are none."""

    kind: str
    flights: list[Flight]
    words: list[str]


class Horse:
    """One horse.

    Attributes:
        number: Names it between supervisor and stable.
        place: Where its mark is.
        pid: Its process; 0 until the stable has forked it.
        flights: What it was handed and has not reported.
        since: When it last did anything, or was given something to do.
        ran: How many jobs it has ended.
        doom: Why we killed it, or ''.
        doomed: The job that is to blame for that, or ''.
        condemned: Whether it is killed to end all that it runs.
        numb: Whether it did not take all that it was handed, and has done nothing since.
        alone: Whether it is to get no other job before it has ended all that it has.
        deaf_since: Since when it has been seen not to end what it should.
        audible: Whether more may come from it.
        retired: Whether it gets no more jobs.
    """

    def __init__(self, number: int, place: int = 0) -> None:
        self.number = number
        self.place = place
        self.pid = 0
        self.since = 0.0
        self.ran = 0
        self.doom = ""
        self.doomed = ""
        self.condemned = False
        self.numb = False
        self.alone = False
        self.deaf_since = float("inf")
        self.audible = True
        self.retired = False
        # `receiving` stays open here: what the horse has not received can be taken back.
        self._jobs, self.receiving = channel()
        self.reports, self.reporting = channel()
        for end in (self._jobs, self.reports):
            end.setblocking(False)
        self._most = 2 * max_payload()
        self._loop = asyncio.get_running_loop()
        self.flights = Flights(self._loop.time)

    @property
    def at_work(self) -> bool:
        """Whether it is there to be given jobs."""
        return bool(self.pid) and not self.retired

    @property
    def busy(self) -> bool:
        """Whether it has any job."""
        return bool(self.flights.line or self.flights.aside)

    def waits(self) -> bool:
        """Whether to look soon at what it makes of its jobs."""
        return self.flights.waits() or (self.numb and bool(self.flights.aside))

    def hears(self, mark: int, lanes: int) -> bool:
        """Whether it will take what it is handed, by its mark, though it is silent."""
        return mark == NOBODY and 0 < len(self.flights.aside) < lanes

    def overstays(self, lanes: int, patience: float = OVERSTAY) -> bool:
        """Whether it has been at its jobs for so long that none should wait behind them."""
        full = bool(self.flights.line) or len(self.flights.aside) >= lanes
        return full and self._loop.time() - self.since >= patience

    def look_at(self, now: float, patience: float) -> float:
        """When to look whether it overstays, by the loop's clock; never if nothing waits."""
        if not self.waits():
            return float("inf")
        at = self.since + patience
        return at if at > now else now + patience

    def can_take(self, expected: float, lanes: int, *, together: bool) -> bool:
        """Whether a job may be handed over beside or behind those that it has.

        Args:
            expected: Seconds that it will probably take.
            lanes: How many may run at a time of those that can.
            together: Whether this one can.
        """
        flights = self.flights
        line = flights.line
        if (
            self.numb
            or self.alone
            or (line and (flights.large >= LARGE_AHEAD or len(line) >= MOST_AHEAD))
            or ((line or flights.aside) and self.overstays(lanes))
        ):
            return False
        if together:
            lanes, ahead = (1, AHEAD) if flights.plain else (lanes, BESIDE * lanes)
            return len(flights) < lanes or flights.load + expected <= ahead
        if flights.aside or flights.plain < len(line):
            return not flights.turns() and len(flights) < lanes
        return not line or flights.load + expected <= AHEAD

    def hand(
        self, lease: Lease, expected: float, *, together: bool = False, alone: bool = False
    ) -> bool:
        """Hand over a job; False: not now."""
        message, beside = job_message(lease)
        try:
            send(self._jobs, message, beside)
        except OSError:
            # Full, or dead and about to be reported: either way somebody will ask again.
            return False
        flights = self.flights
        if not flights.line and not flights.aside:
            self.since = self._loop.time()
        self.alone = alone
        flights.add(Flight(lease, expected, together, bool(beside)))
        return True

    def take_back(self) -> list[Lease]:
        """Receive what the horse has not; the leases in order.

        The horse may receive between our calls, so what we got says by its id what it is.
        """
        line = self.flights.line
        taken = set()
        for _ in range(len(line)):
            try:
                message = self.receiving.recv(RECEIVE, NO_WAIT)
            except OSError:
                break
            if not message:
                break
            taken.add(read_job(message).id)
        return self.flights.strike(taken) if taken else []

    def read(self) -> list[Past | Told]:
        """What it has sent: how runs ended, and what else it tells.

        Nothing if there is no more for now. A horse that sends what none of ours would is killed.
        """
        got: list[Past | Told] = []
        now = self._loop.time()
        for _ in range(AT_ONCE if self.audible else 0):
            try:
                parcel = receive(self.reports, most=self._most)
                if parcel is not None:
                    said = read_message(*parcel)
                    got.append(
                        self._noted(said) if isinstance(said, Note) else self._landed(said, now)
                    )
                    continue
            except BlockingIOError:
                break
            except (BrokenReport, BadParcel) as error:
                self._mute()
                self.kill(obituary.confused(error))
                break
            except OSError:
                pass
            # It ends, or its job has closed what was not the job's; either shows at its end.
            self._mute()
            break
        if got:
            self.numb = False
            self.since = now
        return got

    def _landed(self, said: Ended, now: float) -> Past:
        job_id, report, way = said
        self.ran += 1
        flight = self.flights.land(job_id, now, first=way == "alone")
        if flight is None:
            raise BrokenReport(f"one of {job_id!r}, which it does not run")
        return flight, report, way

    def _noted(self, said: Note) -> Told:
        if said.kind == "modules":
            return Told(said.kind, [], said.words)
        ids = said.words[:1] if said.kind in {"blocked", "calling"} else said.words
        flights = [flight for job_id in ids if (flight := self.flights.find(job_id)) is not None]
        if len(flights) < len(ids):
            raise BrokenReport(f"one of {ids}, not all of which it was given")
        if said.kind in {"begun", "threaded"}:
            for flight in flights:
                flight.together |= said.kind == "begun"
            self.flights.begin(flights, threaded=said.kind == "threaded")
        elif said.kind == "calling":
            self._called(flights[0], said.words)
        elif said.kind == "not now":
            self.flights.refuse(ids)
        return Told(said.kind, flights, said.words)

    def _called(self, flight: Flight, words: list[str]) -> None:
        """A callback begins, which has a time of its own."""
        try:
            _, seconds, role, *before = words
            flight.call(self._loop.time(), Calling(float(seconds), role, "\n".join(before)))
        except ValueError as error:
            raise BrokenReport(str(error)) from error

    def culprits(self, mark: int) -> list[Flight]:
        """The jobs one of which it died on; none if somebody else must have killed it."""
        if mark == ALONE:
            return list(self.flights) if self.flights.aside else list(self.flights.line)[:1]
        return [
            flight
            for flight in self.flights
            if mark_of(flight.lease.id) == mark or flight.threaded or not flight.together
        ]

    def retire(self) -> None:
        """Give it no more jobs; it ends after the one that runs."""
        self.retired = True
        if not self.busy:
            self._jobs.close()

    def kill(self, why: str, flight: Flight | None = None) -> None:
        """Kill it with everything it started, because of that flight or of the only one."""
        if why and not self.doom:
            self.doom = why
            if flight is None and not self.flights.aside and self.flights.line:
                flight = self.flights.line[0]
            self.doomed = flight.lease.id if flight is not None else ""
        self.retired = True
        if self.pid:
            kill_group(self.pid)

    def close(self) -> None:
        """Close our ends; a horse that waits for a job ends."""
        if self.reports.fileno() < 0:
            return
        self._mute()
        for end in (self._jobs, self.receiving, self.reports, self.reporting):
            end.close()

    def _mute(self) -> None:
        self.audible = False
        self._loop.remove_reader(self.reports.fileno())
