"""The supervisor's horses together: who gets the next job, who has overstayed, who died."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from workhorse.ops.leases import Lease
from workhorse.ops.settle import Report
from workhorse.worker import obituary
from workhorse.worker.horses import OVERSTAY, Horse
from workhorse.worker.pacing import Pace
from workhorse.worker.settings import Settings
from workhorse.worker.stabling import Stabling
from workhorse.worker.timeouts import GRACE

log = logging.getLogger("workhorse.worker")

MEMORY_CHECK: Final = 0.1
"""How often the memory of busy horses is looked at when it is limited, seconds."""
SPARES: Final = 2
"""How many forked horses stand ready at least beyond those that work, when each runs one job."""
LITTER: Final = 4
"""How many more are forked at a time: after a fork the stable copies each page that it writes
to, and what it writes for one it need not copy again for the next."""
FORK_COST: Final = 0.001
"""What a job in a fork of its own takes at least, seconds."""
LONGEST_WAIT: Final = 10.0
"""How long the team waits at most before it asks for a horse again, seconds."""
ASK_AGAIN: Final = 0.05
"""How soon a stable that took no order is asked again, seconds."""


class Team:
    """All horses of one worker.

    Args:
        settings: How many, how isolated, how limited.
        stable: Where horses come from.
        ended: Called with each lease and its report.
        freed: Called when there is room or something changed that the trade should look at.

    Attributes:
        backlog: Leases that no horse has yet.
        suspects: Jobs one of which has killed the stable; each runs again, alone.
        closed: Whether no horse is to come any more.
    """

    def __init__(
        self,
        settings: Settings,
        stable: Stabling,
        ended: Callable[[Lease, Report], None],
        freed: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._stable = stable
        self._pace = Pace()
        self._ended = ended
        self._freed = freed
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._patience = ASK_AGAIN
        self._number = 0
        self._once = settings.isolation == "fork"
        self._known_modules: set[str] = set(settings.preload)
        self._horses: dict[int, Horse] = {}
        self.backlog: deque[Lease] = deque()
        self.suspects: set[str] = set()
        self.closed = False

    # What the others ask

    def room(self) -> int:
        """How many more jobs would keep the horses busy, counting those in the backlog."""
        if self.closed or self.suspects:
            return 0
        able = [h for h in self._horses.values() if h.at_work and not h.overstays()]
        busy = sum(1 for horse in self._horses.values() if horse.flights and horse.overstays())
        places = min(len(able), self._settings.horses - (busy if self._once else 0))
        held = len(self.backlog) + sum(len(horse.flights) for horse in able)
        return max(0, places * self._pace.depth() - held)

    def stuck(self) -> bool:
        """Whether jobs wait here behind slow ones, so that others should have them."""
        if not self.backlog:
            return False
        busy = [horse for horse in self._horses.values() if horse.flights]
        if self.suspects:
            return any(horse.overstays() for horse in busy)
        return len(busy) >= self._settings.horses and all(horse.overstays() for horse in busy)

    def starving(self) -> bool:
        """Whether a horse stands idle for want of a job."""
        if self.backlog:
            return False
        able = [horse for horse in self._horses.values() if horse.at_work]
        busy = sum(1 for horse in able if horse.flights)
        return busy < min(len(able), self._settings.horses)

    def held(self) -> list[Lease]:
        """All leases in hand."""
        flights = [flight.lease for horse in self._horses.values() for flight in horse.flights]
        return flights + list(self.backlog)

    def running(self) -> list[Lease]:
        """The jobs that run right now."""
        return [horse.flights[0].lease for horse in self._horses.values() if horse.flights]

    def busy(self) -> bool:
        """Whether any lease is in hand."""
        return bool(self.backlog) or any(horse.flights for horse in self._horses.values())

    # Jobs

    def accept(self, leases: Iterable[Lease]) -> None:
        """Take new leases and hand them out."""
        self.backlog.extend(leases)
        self.dispatch()

    def dispatch(self) -> None:
        """Hand jobs of the backlog to horses that have room."""
        while self.backlog:
            if self.suspects and not self._may_begin(self.backlog[0]):
                break
            expected = self._pace.expect(self.backlog[0].function)
            horse = self._free(expected)
            if horse is None or not horse.hand(self.backlog[0], expected):
                break
            self.backlog.popleft()
        self._arm()

    def surrender(self) -> list[Lease]:
        """Give up everything not begun: the caller returns it to the server."""
        for horse in self._horses.values():
            self._take_back(horse)
        leases = list(self.backlog)
        self.backlog.clear()
        self.suspects.difference_update(lease.id for lease in leases)
        return leases

    def kill_all(self, why: str) -> list[Lease]:
        """Kill every horse at once; the leases that all of them held."""
        leases = self.surrender()
        for horse in self._horses.values():
            leases += [flight.lease for flight in horse.flights]
            horse.flights.clear()
            horse.kill(why)
        return leases

    def close(self) -> None:
        """Let all horses go; none comes after them."""
        self.closed = True
        for timer in filter(None, (self._timer, self._waiting)):
            timer.cancel()
        for horse in self._horses.values():
            horse.close()
        self._horses.clear()

    def _free(self, expected: float) -> Horse | None:
        """The horse to give a job of that length to."""
        best: Horse | None = None
        busy = 0
        for horse in self._horses.values():
            if not horse.at_work:
                busy += bool(horse.flights)
            elif not horse.flights:
                if not self._once:
                    return horse
                best = best or horse
            else:
                busy += 1
                if self._once or not horse.can_carry(expected):
                    continue
                if best is None or horse.load < best.load:
                    best = horse
        return None if self._once and busy >= self._settings.horses else best

    def _may_begin(self, lease: Lease) -> bool:
        """Whether a job may run beside those that run now: a suspect runs alone."""
        flying = [flight.lease.id for horse in self._horses.values() for flight in horse.flights]
        return not flying or (lease.id not in self.suspects and self.suspects.isdisjoint(flying))

    def _take_back(self, horse: Horse) -> None:
        self.backlog.extendleft(reversed(horse.take_back()))

    # Horses

    def muster(self) -> None:
        """Ask the stable for as many horses as are missing."""
        wanted = self._settings.horses + (SPARES if self._once else 0)
        present = sum(1 for horse in self._horses.values() if not horse.retired)
        if self._once and present < wanted:
            wanted += LITTER
        if self.closed or self._waiting is not None:
            return
        for _ in range(wanted - present):
            self._number += 1
            horse = Horse(self._number)
            with horse.reporting:
                asked = self._stable.fork(horse.number, horse.receiving, horse.reporting)
            if not asked:
                horse.close()
                self._waiting = self._loop.call_later(ASK_AGAIN, self._ask_again)
                return
            self._horses[horse.number] = horse
            # The number, for asyncio describes a socket at length before it takes it.
            self._loop.add_reader(horse.reports.fileno(), self._listen, horse)

    def _ask_again(self) -> None:
        self._waiting = None
        self.muster()

    def _put_off(self, horse: Horse, why: str) -> None:
        del self._horses[horse.number]
        horse.close()
        if self._waiting is None:
            log.warning("no horse can be forked, trying again in %.1f s: %s", self._patience, why)
            self._waiting = self._loop.call_later(self._patience, self._ask_again)
            self._patience = min(self._patience * 2, LONGEST_WAIT)

    def forked(self, number: int, pid: int, why: str = "") -> None:
        """A horse is there; or its pid is 0, and the system has no room for it, and says why."""
        horse = self._horses.get(number)
        if horse is not None and not pid:
            self._put_off(horse, why)
        elif horse is not None:
            self._patience = ASK_AGAIN
            horse.pid = pid
            if horse.doom:
                horse.kill(horse.doom)
            self.dispatch()
            self._freed()

    def gone(self, number: int, status: int | None, peak: int) -> None:
        """A horse has ended; `status` is that of wait(), or None if its stable died."""
        horse = self._horses.pop(number, None)
        if horse is None:
            return
        self._bury(horse)
        unharmed = [flight.lease for flight in horse.flights]
        # A horse that had gone on to another job by the time it was killed is not that job's fault.
        if unharmed and horse.doomed in {"", unharmed[0].id}:
            died_on = unharmed.pop(0)
            self.suspects.discard(died_on.id)
            ran = round((self._loop.time() - horse.since) * 1e6)
            self._ended(died_on, obituary.report(horse.doom, status, peak, ran))
        self.backlog.extendleft(reversed(unharmed))
        self.muster()
        self.dispatch()
        self._freed()

    def scatter(self) -> None:
        """The stable died, and all horses with it.

        A job that ran alone is to blame. Of several nobody knows which it was: they run again,
        one at a time.
        """
        dead = list(self._horses.values())
        for horse in dead:
            horse.kill(horse.doom)  # it is dead; this is for what it has started
            self._bury(horse)
        running = [horse for horse in dead if horse.flights]
        if len(running) > 1:
            self.suspects.update(horse.flights[0].lease.id for horse in running)
            for horse in running:
                self.backlog.extendleft(flight.lease for flight in reversed(horse.flights))
                horse.flights.clear()
        for horse in dead:
            self.gone(horse.number, None, 0)

    def _bury(self, horse: Horse) -> None:
        """Learn what a dead horse has left."""
        while self._read(horse):
            pass
        self._take_back(horse)
        horse.close()

    # Reports

    def _listen(self, horse: Horse) -> None:
        self._read(horse)
        self.dispatch()
        self._freed()

    def _read(self, horse: Horse) -> bool:
        """Take in what a horse has sent; whether that was anything."""
        some = False
        for what in horse.read():
            some = True
            if isinstance(what, list):
                self._learn_modules(what)
                continue
            lease, report = what
            self.suspects.discard(lease.id)
            seconds = report.ran / 1e6
            self._pace.learn(lease.function, max(seconds, FORK_COST) if self._once else seconds)
            self._ended(lease, report)
            if self._is_spent(horse, report):
                self._take_back(horse)
                horse.retire()
                if obituary.TIMED_OUT in report.names and not horse.flights:
                    horse.kill("")  # with what the job has started
                self.muster()
        return some

    def _is_spent(self, horse: Horse, report: Report) -> bool:
        limit = self._settings
        return (
            self._once
            or (limit.max_horse_jobs is not None and horse.ran >= limit.max_horse_jobs)
            or (limit.max_horse_memory is not None and horse.memory() > limit.max_horse_memory)
            or obituary.TIMED_OUT in report.names
        )

    def _learn_modules(self, names: list[str]) -> None:
        """Have the stable import what jobs have brought in, so that later horses find it there."""
        new = [name for name in names if name and name not in self._known_modules]
        if new:
            self._known_modules.update(new)
            self._stable.preload(new)

    # Time

    def _arm(self) -> None:
        """Look at the horses again when the next thing can be due; never while none works."""
        due = [self._next_look(horse) for horse in self._horses.values() if horse.flights]
        if not due:
            return
        soonest = min(due)
        if self._timer is not None:
            if self._timer.when() <= soonest:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(soonest, self._look)

    def _next_look(self, horse: Horse) -> float:
        now = self._loop.time()
        timeout = horse.flights[0].lease.timeout
        due = now + 3600
        if timeout >= 0 and not horse.doom:
            due = min(due, horse.since + timeout + GRACE)
        if len(horse.flights) > 1 or self.backlog:
            due = min(due, max(horse.since, now) + OVERSTAY)
        if self._settings.max_horse_memory is not None:
            due = min(due, now + MEMORY_CHECK)
        return due

    def _look(self) -> None:
        self._timer = None
        limit = self._settings.max_horse_memory
        for horse in list(self._horses.values()):
            if not horse.flights:
                continue
            timeout = horse.flights[0].lease.timeout
            if timeout >= 0 and self._loop.time() >= horse.since + timeout + GRACE:
                horse.kill(obituary.timed_out(timeout))
            elif horse.overstays():
                self._take_back(horse)
            if limit is not None and (size := horse.memory()) > limit:
                horse.kill(obituary.too_large(size, limit))
        self.dispatch()
        if self.backlog:
            self._freed()
