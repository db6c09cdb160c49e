"""A horse as the supervisor sees it: its jobs, its two channels, its end.

A *flight* is a lease that was handed over and not yet reported. Flights run in order, so the
first one is what runs and what the horse died on; all others are unharmed.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from workhorse.codec import max_payload
from workhorse.ops.leases import Lease
from workhorse.ops.settle import Report
from workhorse.worker import obituary
from workhorse.worker.handoff import (
    MODULES,
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
from workhorse.worker.pacing import AHEAD, MOST_AHEAD

OVERSTAY: Final = 0.020
"""How long a job may run before those behind it are given to somebody else, seconds."""
AT_ONCE: Final = 256
"""How many reports are read before others get their turn."""


@dataclass(eq=False, slots=True)
class Flight:
    """A lease in a horse's hands.

    Attributes:
        expected: Seconds it will probably take.
        large: Whether it travels in pieces; then it counts as begun.
    """

    lease: Lease
    expected: float
    large: bool


class Horse:
    """One horse.

    Attributes:
        number: Names it between supervisor and stable.
        pid: Its process; 0 until the stable has forked it.
        flights: What it was handed and has not reported.
        load: Seconds they will probably take together.
        since: When the first of them began, by the loop's clock.
        ran: How many jobs it has ended.
        doom: Why we killed it, or ''.
        doomed: The job that it ran when we did, or ''.
        audible: Whether more may come from it.
        retired: Whether it gets no more jobs.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid = 0
        self.flights: deque[Flight] = deque()
        self.load = 0.0
        self.since = 0.0
        self.ran = 0
        self.doom = ""
        self.doomed = ""
        self.audible = True
        self.retired = False
        # `receiving` stays open here: what the horse has not received can be taken back.
        self._jobs, self.receiving = channel()
        self.reports, self.reporting = channel()
        for end in (self._jobs, self.reports):
            end.setblocking(False)
        self._assembler = Assembler(2 * max_payload())
        self._outbox: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()

    @property
    def at_work(self) -> bool:
        """Whether it is there to be given jobs."""
        return bool(self.pid) and not self.retired

    def overstays(self) -> bool:
        """Whether the job that runs takes so long that none should wait behind it."""
        return bool(self.flights) and self._loop.time() - self.since >= OVERSTAY

    def can_carry(self, expected: float) -> bool:
        """Whether a job of that length may be handed over behind others."""
        return (
            self.load + expected <= AHEAD
            and len(self.flights) < MOST_AHEAD
            and not self.flights[0].large
        )

    def hand(self, lease: Lease, expected: float) -> bool:
        """Hand over a job; False: not now."""
        message = job_message(lease)
        large = len(message) > PIECE
        if large and self.flights:
            return False
        pieces = pieces_of(message)
        try:
            self._jobs.send(pieces[0])
        except OSError:
            # Full, or dead and about to be reported: either way somebody will ask again.
            return False
        if large:
            self._outbox.extend(pieces[1:])
            self._loop.add_writer(self._jobs.fileno(), self._push)
        if not self.flights:
            self.since = self._loop.time()
        self.flights.append(Flight(lease, expected, large))
        self.load += expected
        return True

    def take_back(self) -> list[Lease]:
        """Receive what the horse has not; the leases in order.

        The horse may receive between our calls, so what we got says by its id what it is.
        """
        if not self.flights or self.flights[0].large:
            return []
        taken = set()
        for _ in range(len(self.flights)):
            try:
                piece = self.receiving.recv(RECEIVE, socket.MSG_DONTWAIT)
            except OSError:
                break
            if not piece:
                break
            taken.add(read_job(piece[1:]).id)
        if not taken:
            return []
        back = [flight.lease for flight in self.flights if flight.lease.id in taken]
        self.flights = deque(flight for flight in self.flights if flight.lease.id not in taken)
        self.load = sum(flight.expected for flight in self.flights)
        return back

    def read(self) -> Iterator[tuple[Lease, Report] | list[str]]:
        """What it has sent: runs with their reports, and names of modules it has imported.

        Ends when there is no more for now. A horse that sends what none of ours would is killed.
        """
        for _ in range(AT_ONCE if self.audible else 0):
            try:
                piece = self.reports.recv(RECEIVE)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                # It ends, or its job has closed what was not the job's; either shows at its end.
                self._mute()
                return
            try:
                message = self._assembler.add(piece)
                if message is not None:
                    yield self._read(message)
            except BrokenReport as error:
                self._mute()
                self.kill(obituary.confused(error))
                return

    def _read(self, message: bytes) -> tuple[Lease, Report] | list[str]:
        if message.startswith(MODULES):
            return message[len(MODULES) :].decode("utf-8", "replace").split("\n")
        job_id, report = read_report(message)
        if not self.flights or self.flights[0].lease.id != job_id:
            raise BrokenReport(f"one of {job_id!r}, which it does not run")
        flight = self.flights.popleft()
        self.load = self.load - flight.expected if self.flights else 0.0
        self.since = self._loop.time()
        self.ran += 1
        return flight.lease, report

    def memory(self) -> int:
        """How much it holds, bytes; 0 if that cannot be told."""
        return resident_bytes(self.pid) if self.pid else 0

    def retire(self) -> None:
        """Give it no more jobs; it ends after the one that runs."""
        self.retired = True
        if not self.flights:
            self._jobs.close()

    def kill(self, why: str) -> None:
        """Kill it with everything it started."""
        if why and not self.doom:
            self.doom = why
            self.doomed = self.flights[0].lease.id if self.flights else ""
        self.retired = True
        if self.pid:
            kill_group(self.pid)

    def close(self) -> None:
        """Close our ends; a horse that waits for a job ends."""
        if self.reports.fileno() < 0:
            return
        self._mute()
        if self._outbox:
            self._outbox.clear()
            self._loop.remove_writer(self._jobs.fileno())
        for end in (self._jobs, self.receiving, self.reports, self.reporting):
            end.close()

    def _mute(self) -> None:
        self.audible = False
        self._loop.remove_reader(self.reports.fileno())

    def _push(self) -> None:
        try:
            while self._outbox:
                self._jobs.send(self._outbox[0])
                self._outbox.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._outbox.clear()
        self._loop.remove_writer(self._jobs.fileno())
