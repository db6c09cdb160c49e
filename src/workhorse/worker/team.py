"""The supervisor's horses: who has which jobs, who is free, who has overstayed, who died.

A *flight* is a lease that was handed to a horse and not yet reported. Flights of a horse run in
order, so the first one is what runs and what the horse died on; all others are unharmed.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from workhorse.codec import MAX_BYTES
from workhorse.ops.leases import Lease
from workhorse.ops.settle import Report
from workhorse.worker import obituary
from workhorse.worker.handoff import (
    PIECE,
    RECEIVE,
    Assembler,
    BrokenReport,
    channel,
    job_message,
    pieces_of,
    read_job,
    read_report,
)
from workhorse.worker.identity import resident_bytes
from workhorse.worker.kernel import kill_group
from workhorse.worker.pacing import AHEAD, MOST_AHEAD, Pace
from workhorse.worker.settings import Settings
from workhorse.worker.stabling import Stabling
from workhorse.worker.timeouts import GRACE

OVERSTAY = 0.020
"""How long a job may run before those behind it are given to somebody else, seconds."""
MEMORY_CHECK = 0.1
"""How often the memory of busy horses is looked at when it is limited, seconds."""
SPARES = 2
"""How many forked horses stand ready beyond those that work, when each runs one job."""


@dataclass(eq=False, slots=True)
class Flight:
    """A lease in a horse's hands.

    Attributes:
        expected: Seconds it will probably take.
        large: Whether it travels in pieces; then it counts as begun.
    """

    lease: Lease
    expected: float
    large: bool = False


@dataclass(eq=False, slots=True)
class Horse:
    """One horse as the supervisor sees it.

    Attributes:
        jobs: Our sending end.
        taking: A copy of its receiving end, for taking jobs back.
        reports: Our receiving end.
        since: When its first flight began, by the monotonic clock.
        ran: How many jobs it has ended.
        doom: Why we killed it, if we did.
        retired: Whether it gets no more jobs.
    """

    number: int
    jobs: socket.socket
    taking: socket.socket
    reports: socket.socket
    assembler: Assembler
    pid: int = 0
    flights: deque[Flight] = field(default_factory=deque)
    load: float = 0.0
    since: float = 0.0
    ran: int = 0
    doom: str = ""
    retired: bool = False
    outbox: deque[bytes] = field(default_factory=deque)

    def close(self) -> None:
        """Close our ends; a horse that waits for a job ends."""
        for end in (self.jobs, self.taking, self.reports):
            end.close()


class Team:
    """All horses of one worker.

    Args:
        settings: How many, how isolated, how limited.
        stable: Where horses come from.
        pace: What is known of durations.
        ended: Called with each lease and its report.
        freed: Called when there is room or something changed that the trade should look at.
    """

    def __init__(
        self,
        settings: Settings,
        stable: Stabling,
        pace: Pace,
        ended: Callable[[Lease, Report], None],
        freed: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._stable = stable
        self._pace = pace
        self._ended = ended
        self._freed = freed
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0
        self._once = settings.isolation == "fork"
        self._known_modules: set[str] = set(settings.preload)
        self.horses: dict[int, Horse] = {}
        self.backlog: deque[Lease] = deque()
        self.closed = False

    # What the trade asks

    def room(self) -> int:
        """How many more jobs would keep the horses busy, counting those in the backlog."""
        if self.closed:
            return 0
        depth, now = self._pace.depth(), self._loop.time()
        able, held = 0, len(self.backlog)
        for horse in self.horses.values():
            if (
                not horse.retired
                and horse.pid
                and not (horse.flights and self._overstays(horse, now))
            ):
                able += 1
                held += len(horse.flights)
        return max(0, min(able, self._settings.horses) * depth - held)

    def stuck(self) -> bool:
        """Whether jobs wait here behind slow ones, so that others should have them."""
        now = self._loop.time()
        return bool(self.backlog) and all(
            horse.flights and self._overstays(horse, now) for horse in self.horses.values()
        )

    def starving(self) -> bool:
        """Whether a horse stands idle for want of a job."""
        if self.backlog:
            return False
        working = [horse for horse in self.horses.values() if horse.pid and not horse.retired]
        idle = sum(1 for horse in working if not horse.flights)
        return idle > 0 and len(working) - idle < self._settings.horses

    @staticmethod
    def _overstays(horse: Horse, now: float) -> bool:
        return now - horse.since >= OVERSTAY

    def held(self) -> list[Lease]:
        """All leases in hand, for the heartbeat."""
        flights = [flight.lease for horse in self.horses.values() for flight in horse.flights]
        return flights + list(self.backlog)

    def running(self) -> list[Lease]:
        """The jobs that run right now."""
        return [horse.flights[0].lease for horse in self.horses.values() if horse.flights]

    def busy(self) -> bool:
        """Whether any lease is in hand."""
        return bool(self.backlog) or any(horse.flights for horse in self.horses.values())

    # What the supervisor does

    def muster(self) -> None:
        """Ask the stable for as many horses as are missing."""
        wanted = self._settings.horses + (SPARES if self._once else 0)
        present = sum(1 for horse in self.horses.values() if not horse.retired)
        for _ in range(0 if self.closed else wanted - present):
            self._number += 1
            jobs, taking = channel()
            reports, reporting = channel()
            jobs.setblocking(False)
            reports.setblocking(False)
            with reporting:
                if not self._stable.fork(self._number, taking, reporting):
                    for end in (jobs, taking, reports):
                        end.close()
                    return
            horse = Horse(self._number, jobs, taking, reports, Assembler(2 * MAX_BYTES))
            self.horses[horse.number] = horse
            self._loop.add_reader(reports, self._listen, horse)

    def accept(self, leases: Iterable[Lease]) -> None:
        """Take new leases and hand them out."""
        self.backlog.extend(leases)
        self.dispatch()

    def dispatch(self) -> None:
        """Hand jobs of the backlog to horses that have room."""
        while self.backlog:
            lease = self.backlog[0]
            expected = self._pace.expect(lease.function)
            horse = self._free(expected)
            if horse is None:
                break
            message = job_message(lease)
            if len(message) > PIECE and horse.flights:
                break
            flight = Flight(lease, expected, len(message) > PIECE)
            if not self._hand(horse, flight, message):
                break
            self.backlog.popleft()
        self._arm()

    def recall(self) -> None:
        """Take back what no horse has begun; it leads the backlog again."""
        for horse in self.horses.values():
            self._take_back(horse)

    def surrender(self) -> list[Lease]:
        """Give up everything not begun: the caller returns it to the server."""
        self.recall()
        leases = list(self.backlog)
        self.backlog.clear()
        return leases

    def kill_all(self, why: str) -> list[Lease]:
        """Kill every horse at once; the leases they held."""
        self.recall()
        leases = list(self.backlog)
        self.backlog.clear()
        for horse in list(self.horses.values()):
            leases += [flight.lease for flight in horse.flights]
            horse.flights.clear()
            self._kill(horse, why)
        return leases

    def close(self) -> None:
        """Let all horses go; none comes after them."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        for horse in self.horses.values():
            self._loop.remove_reader(horse.reports)
            horse.close()
        self.horses.clear()

    # What the stable says

    def forked(self, number: int, pid: int) -> None:
        """A horse is there."""
        horse = self.horses.get(number)
        if horse is not None:
            horse.pid = pid
            self.dispatch()
            self._freed()

    def gone(self, number: int, status: int | None, peak: int) -> None:
        """A horse has ended; `status` is that of wait(), or None if its stable died."""
        horse = self.horses.pop(number, None)
        if horse is None:
            return
        self._read(horse)
        self._take_back(horse)
        self._loop.remove_reader(horse.reports)
        if horse.outbox:
            self._loop.remove_writer(horse.jobs)
        horse.close()
        if horse.flights:
            died_on = horse.flights.popleft().lease
            self.backlog.extendleft(flight.lease for flight in reversed(horse.flights))
            ran = round((self._loop.time() - horse.since) * 1e6)
            self._ended(died_on, obituary.report(horse.doom, status, peak, ran))
        self.muster()
        self.dispatch()
        self._freed()

    def scatter(self) -> None:
        """The stable died, and all horses with it."""
        for number in list(self.horses):
            self.gone(number, None, 0)

    # Hand-over

    def _free(self, expected: float) -> Horse | None:
        """The horse to give a job of that length to."""
        best: Horse | None = None
        busy = 0
        for horse in self.horses.values():
            if horse.retired or not horse.pid:
                continue
            if not horse.flights:
                if not self._once:
                    return horse
                best = best or horse
                continue
            busy += 1
            if self._once or horse.flights[0].large or len(horse.flights) >= MOST_AHEAD:
                continue
            if horse.load + expected <= AHEAD and (best is None or horse.load < best.load):
                best = horse
        return None if self._once and busy >= self._settings.horses else best

    def _hand(self, horse: Horse, flight: Flight, message: bytes) -> bool:
        pieces = pieces_of(message)
        try:
            horse.jobs.send(pieces[0])
        except (BlockingIOError, OSError):
            # Full, or dead and about to be reported: either way somebody will call again.
            return False
        if len(pieces) > 1:
            horse.outbox.extend(pieces[1:])
            self._loop.add_writer(horse.jobs, self._push, horse)
        if not horse.flights:
            horse.since = self._loop.time()
        horse.flights.append(flight)
        horse.load += flight.expected
        return True

    def _push(self, horse: Horse) -> None:
        try:
            while horse.outbox:
                horse.jobs.send(horse.outbox[0])
                horse.outbox.popleft()
        except BlockingIOError:
            return
        except OSError:
            horse.outbox.clear()
        self._loop.remove_writer(horse.jobs)

    def _take_back(self, horse: Horse) -> None:
        """Receive what the horse has not; those jobs lead the backlog again.

        The horse may receive between our calls, so what we got says by its id what it is.
        """
        if not horse.flights or horse.flights[0].large:
            return
        taken = set()
        for _ in range(len(horse.flights)):
            try:
                piece = horse.taking.recv(RECEIVE, socket.MSG_DONTWAIT)
            except OSError:
                break
            if not piece:
                break
            taken.add(read_job(piece[1:]).id)
        if not taken:
            return
        back = [flight for flight in horse.flights if flight.lease.id in taken]
        horse.flights = deque(flight for flight in horse.flights if flight.lease.id not in taken)
        horse.load = sum(flight.expected for flight in horse.flights)
        self.backlog.extendleft(flight.lease for flight in reversed(back))

    # Reports

    def _listen(self, horse: Horse) -> None:
        if self._read(horse):
            if horse.number in self.horses:
                self.muster()
                self.dispatch()
            self._freed()

    def _read(self, horse: Horse) -> bool:
        """Read what reports there are; whether there were any."""
        some = False
        for _ in range(256):
            try:
                piece = horse.reports.recv(RECEIVE)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            if not piece:
                self._loop.remove_reader(horse.reports)
                self._kill(horse, horse.doom)
                break
            some = True
            try:
                self._take_report(horse, piece)
            except BrokenReport as error:
                self._kill(horse, f"its horse sent what is no report: {error}")
                break
        return some

    def _take_report(self, horse: Horse, piece: bytes) -> None:
        message = horse.assembler.add(piece)
        if message is None:
            return
        if message[:1] == b"M":
            self._learn_modules(message[1:].decode("utf-8", "replace").split("\n"))
            return
        job_id, report = read_report(message)
        if not horse.flights or horse.flights[0].lease.id != job_id:
            raise BrokenReport(f"a report of {job_id!r}, which it does not run")
        flight = horse.flights.popleft()
        horse.load = horse.load - flight.expected if horse.flights else 0.0
        horse.since = self._loop.time()
        horse.ran += 1
        self._pace.learn(flight.lease.function, max(report.ran / 1e6, 0.001 if self._once else 0))
        self._ended(flight.lease, report)
        if self._is_spent(horse, report):
            self._retire(horse)

    def _is_spent(self, horse: Horse, report: Report) -> bool:
        limit = self._settings
        return (
            self._once
            or (limit.max_horse_jobs is not None and horse.ran >= limit.max_horse_jobs)
            or any(name.endswith(".JobTimeoutException") for name in report.names)
            or (
                limit.max_horse_memory is not None
                and resident_bytes(horse.pid) > limit.max_horse_memory
            )
        )

    def _retire(self, horse: Horse) -> None:
        self._take_back(horse)
        horse.retired = True
        if not horse.flights:
            horse.jobs.close()
        self.muster()

    def _learn_modules(self, names: list[str]) -> None:
        new = [name for name in names if name and name not in self._known_modules]
        if new:
            self._known_modules.update(new)
            self._stable.preload(new)

    # Time

    def _arm(self) -> None:
        """Look at the horses again when the next thing can be due; not at all while none works."""
        now = self._loop.time()
        soonest = min(
            (self._next_look(horse, now) for horse in self.horses.values() if horse.flights),
            default=None,
        )
        if soonest is None:
            return
        if self._timer is not None:
            if self._timer.when() <= soonest and not self._timer.cancelled():
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(soonest, self._look)

    def _next_look(self, horse: Horse, now: float) -> float:
        times = [now + 3600.0]
        timeout = horse.flights[0].lease.timeout
        if timeout >= 0 and not horse.doom:
            times.append(horse.since + timeout + GRACE)
        if len(horse.flights) > 1 or self.backlog:
            times.append(max(horse.since, now) + OVERSTAY)
        if self._settings.max_horse_memory is not None:
            times.append(now + MEMORY_CHECK)
        return min(times)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        overstayed = False
        for horse in list(self.horses.values()):
            if not horse.flights:
                continue
            timeout = horse.flights[0].lease.timeout
            if timeout >= 0 and now - horse.since >= timeout + GRACE:
                self._kill(horse, obituary.timed_out(timeout))
            elif self._overstays(horse, now):
                overstayed = True
                self._take_back(horse)
            self._weigh(horse)
        self.dispatch()
        if overstayed and self.backlog:
            self._freed()

    def _weigh(self, horse: Horse) -> None:
        limit = self._settings.max_horse_memory
        if limit is not None and (size := resident_bytes(horse.pid)) > limit:
            self._kill(horse, obituary.too_large(size, limit))

    def _kill(self, horse: Horse, why: str) -> None:
        if horse.pid and not (horse.doom and horse.retired):
            horse.doom = horse.doom or why
            horse.retired = True
            kill_group(horse.pid)
