"""The supervisor's horses together: who gets the next job, who has overstayed, who died."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Final

from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.worker import lateness, obituary, placing
from workhorse.worker.caution import Caution
from workhorse.worker.ears import Ears
from workhorse.worker.flights import Flight
from workhorse.worker.horses import OVERSTAY, Horse, Told
from workhorse.worker.lateness import NEVER
from workhorse.worker.mustering import Muster
from workhorse.worker.pacing import Pace
from workhorse.worker.quarantine import Quarantine, may_begin
from workhorse.worker.settings import Settings
from workhorse.worker.stabling import Stabling
from workhorse.worker.stopping import Ender
from workhorse.worker.timeouts import GRACE
from workhorse.worker.timer import Timer

log = logging.getLogger("workhorse.worker")
MEMORY_CHECK: Final = 0.1
"""How often the memory of busy horses is looked at when it is limited, seconds."""
SPAWN_COST: Final = 0.05
"""What a job in an interpreter of its own takes at least, seconds."""


class Team:
    """All horses of one worker.

    Args:
        settings: How many, how isolated, how limited.
        stable: Where horses come from.
        ended: Called with each lease and its report.
        freed: Called when there is room or something changed that the trade should look at.
        stops: The executions (job id, token) that are to end.

    Attributes:
        backlog: Leases that no horse has yet.
        ears: Which horses are listened to.
        ender: Ends jobs that somebody wants to end.
        suspects: Jobs one of which has killed the stable; each runs again, alone in the worker.
    """

    def __init__(
        self,
        settings: Settings,
        stable: Stabling,
        ended: Callable[[Lease, Report], None],
        freed: Callable[[], None],
        stops: Collection[tuple[str, str]] = (),
    ) -> None:
        self._settings = settings
        self._stable = stable
        self._once = settings.once
        limits = settings.max_horse_jobs, settings.max_horse_memory
        self._mortal = settings.once or limits != (None, None)
        least = SPAWN_COST if settings.isolation == "spawn" else 0.0
        self._pace = Pace(settings.lanes, threads=settings.isolation == "thread", least=least)
        self._ended = ended
        self._freed = freed
        self._loop = asyncio.get_running_loop()
        self._timer = Timer(self._look)
        self._horses: dict[int, Horse] = {}
        self.ears = Ears(self._listen_to)
        self._muster = Muster(settings, stable, self._horses, self.ears.listen)
        self._quarantine = Quarantine()
        self._marks = stable.marks
        self.ender = Ender(self._horses, self._marks, stops, self._catch_up, self._go_on)
        self._stuck_since = 0.0
        self._caution = Caution(self._loop.time)
        self._due = NEVER
        self.backlog: deque[Lease] = deque()
        self.suspects: set[str] = set()

    # What the others ask

    def room(self) -> int:
        """How many more jobs would keep the horses busy, counting those in the backlog."""
        if self._muster.closed or self.suspects:
            return 0
        horses = self._horses.values()
        if self._once:
            places = placing.fresh_room(horses, self._pace, self._settings.horses)
        else:
            places = placing.room(horses, self._pace)
            places = self._caution.temper(places, horses, self._pace.lanes)
        return max(0, places - len(self.backlog))

    def starving(self) -> bool:
        """Whether a horse stands idle for want of a job."""
        if self.backlog:
            return False
        able = [horse for horse in self._horses.values() if horse.at_work]
        busy = sum(1 for horse in able if horse.busy)
        return busy < min(len(able), self._settings.horses)

    def held(self) -> list[Lease]:
        """All leases in hand."""
        flights = [flight.lease for horse in self._horses.values() for flight in horse.flights]
        return [*flights, *self._quarantine.waiting, *self.backlog]

    def running(self) -> list[Lease]:
        """The jobs that run right now."""
        return [one.lease for horse in self._horses.values() for one in horse.flights.running()]

    def busy(self) -> bool:
        """Whether any lease is in hand."""
        return bool(self.backlog or self._quarantine.waiting) or any(
            horse.busy for horse in self._horses.values()
        )

    # Jobs

    def dispatch(self) -> None:
        """Hand jobs of the backlog to horses that have room."""
        for lease in self.ender.withdrawn(self.backlog, self._quarantine.waiting):
            self.suspects.discard(lease.id)
            self._ended(lease, Report("failed"))
        shortest = NEVER
        for lease in self._quarantine.dispatch(self._horses.values()):
            shortest = min(shortest, lease.timeout if lease.timeout >= 0 else NEVER)
        shortest = min(shortest, self._hand_out())
        if shortest != NEVER:
            # It may begin later; then it is looked at once too often.
            self._due = min(self._due, self._loop.time() + shortest + GRACE)
        for horse in () if self._once else self._horses.values():
            self.ears.rest(horse)
        self._arm()

    def _hand_out(self) -> float:
        """Hand over what can be of the backlog; the shortest timeout of these, or never."""
        backlog, pace, shortest = self.backlog, self._pace, NEVER
        function: str | None = None
        expected, together = 0.0, False
        while backlog:
            lease = backlog[0]
            if lease.function != function:
                function = lease.function
                expected, together = pace.expect(function), pace.is_together(function)
            alone = self.suspects and not may_begin(lease, self.suspects, self._horses.values())
            horse = None if alone else self._horse_for(lease.function, expected, together=together)
            if horse is None or not horse.hand(lease, expected, together=together):
                self._stuck_since = self._stuck_since or self._loop.time()
                break
            self._stuck_since = 0.0
            if self._caution.until:
                self._caution.placed()
            backlog.popleft()
            if 0 <= (timeout := lease.timeout) < shortest:
                shortest = timeout
        return shortest

    def _go_on(self, due: float = NEVER) -> None:
        self._due = min(self._due, due)
        self.dispatch()
        self._freed()

    def _horse_for(self, function: str, expected: float, *, together: bool) -> Horse | None:
        pace, horses = self._pace, self._horses.values()
        if self._once:
            return placing.fresh_one(horses, self._settings.horses)
        horse = placing.best_for(horses, pace.lanes, expected, together=together)
        if horse is None and pace.is_unknown(function):
            # It may be a coroutine. If not, and no turn is free, the horse will say so.
            return placing.best_for(horses, pace.lanes, expected, together=True)
        return horse

    def surrender(self) -> list[Lease]:
        """Give up everything not begun: the caller returns it to the server."""
        for horse in self._horses.values():
            self._take_back(horse)
        leases = [*self._quarantine.surrender(), *self.backlog]
        # What is told to a handler has failed, and is not to run again.
        self.backlog = deque(lease for lease in leases if lease.after is not None)
        leases = [lease for lease in leases if lease.after is None]
        self._stuck_since = 0.0
        self.suspects.difference_update(lease.id for lease in leases)
        return leases

    def make_way(self) -> list[Lease]:
        """Give up what waits here behind slow ones, so that others have it; not what may kill."""
        if not self.backlog or not self._stuck_since:
            return []
        busy = sum(1 for horse in self._horses.values() if horse.busy)
        enough = bool(busy) if self.suspects else busy >= self._settings.horses
        if not enough or self._loop.time() - self._stuck_since < OVERSTAY:
            return []
        self._stuck_since = 0.0
        self._caution.grow(together=self._pace.is_together(self.backlog[0].function))
        for horse in self._horses.values():
            self._take_back(horse)
        kept: deque[Lease] = deque()
        leases: list[Lease] = []
        for lease in self.backlog:
            stays = lease.id in self.suspects or lease.after is not None
            (kept if stays else leases).append(lease)
        self.backlog = kept
        self._arm()
        return leases

    def kill_all(self, why: str) -> list[Lease]:
        """Kill every horse at once, and have no more; the leases that all of them held."""
        self._muster.closed = True
        leases = self.surrender()
        for horse in self._horses.values():
            self._read(horse)  # what it has ended is not to run again
            horse.kill(why)
            leases += horse.flights.abandon()
        left, self.backlog = self.backlog, deque()
        return [*leases, *left]

    def close(self) -> None:
        """Let all horses go; none comes after them."""
        self._muster.close()
        self._timer.cancel()
        self.ears.close()
        for horse in self._horses.values():
            horse.close()
        self._horses.clear()

    def _catch_up(self, horse: Horse) -> None:
        """Take back what a horse has not begun, and then learn what it had ended by then."""
        self._take_back(horse)
        self._read(horse)

    def _take_back(self, horse: Horse) -> bool:
        back = horse.take_back()
        waiting = self._quarantine.waiting if horse.alone else self.backlog
        waiting.extendleft(reversed(back))
        return bool(back)

    # Horses

    def muster(self) -> None:
        """Ask the stable for as many horses as are missing."""
        self._muster.call(self._quarantine.needed(self._horses.values()))

    def forked(self, number: int, pid: int, why: str = "") -> None:
        """A horse is there; or its pid is 0, and the system has no room for it, and says why."""
        horse = self._horses.get(number)
        if horse is not None and not pid:
            self._muster.refused(horse, why)
        elif horse is not None:
            self._muster.came()
            horse.pid = pid
            if horse.doom:
                horse.kill(horse.doom)
            self._go_on()

    def gone(
        self, number: int, status: int | None, peak: int, used: Sequence[float] | None = None
    ) -> None:
        """A horse has ended; `status` is that of wait(), or None if its stable died."""
        horse = self._horses.pop(number, None)
        if horse is None:
            return
        self._bury(horse)
        culprits, unharmed = self._inquire(horse)
        for blamed in culprits:
            self.suspects.discard(blamed.lease.id)
            ran = round((self._loop.time() - blamed.since) * 1e6)
            dead = obituary.report(horse.doom, status, peak, ran, blamed.calling)
            blamed.lease.after = (horse.pid, status, used)
            self._ended(blamed.lease, dead)
        if aside := horse.flights.aside:
            log.warning("a work horse died that ran %d jobs at a time", len(aside))
        self.backlog.extendleft(reversed(unharmed))
        self.muster()
        self._go_on()

    def _inquire(self, horse: Horse) -> tuple[list[Flight], list[Lease]]:
        """Which of a dead horse's jobs end with it, and which run again."""
        if horse.condemned or not horse.busy:
            return list(horse.flights), []
        blamed, unharmed = self._quarantine.inquire(horse, self._marks.read(horse.place))
        return [] if blamed is None else [blamed], unharmed

    def scatter(self) -> None:
        """The stable died, and all horses with it; of several jobs each runs again, alone."""
        self._muster.closed = True
        dead = list(self._horses.values())
        for horse in dead:
            horse.kill(horse.doom)  # it is dead; this is for what it has started
            self._bury(horse)
        running = [horse for horse in dead if horse.busy]
        if len(running) > 1:
            for horse in running:
                culprits = horse.culprits(self._marks.read(horse.place))
                self.suspects.update(flight.lease.id for flight in culprits)
                self.backlog.extendleft(reversed(horse.flights.abandon()))
        for horse in dead:
            self.gone(horse.number, None, 0)
        self._muster.closed = False

    def _bury(self, horse: Horse) -> None:
        """Learn what a dead horse has left."""
        while self._read(horse):
            pass
        self._take_back(horse)
        horse.close()

    # Reports

    def _listen_to(self, horses: list[Horse]) -> None:
        for horse in horses:
            self._read(horse)
        self._go_on()

    def _read(self, horse: Horse) -> bool:
        """Take in what a horse has sent; whether that was anything."""
        some = False
        for what in horse.read():
            some = True
            if isinstance(what, Told):
                self._hear(what)
                continue
            flight, report, way = what
            lease = flight.lease
            if self.suspects:
                self.suspects.discard(lease.id)
            self._pace.learn(lease.function, report.ran / 1e6, way)
            self._ended(lease, report)
            surplus = self._muster.has_too_many() and not (self._quarantine.waiting or horse.busy)
            if surplus or (
                (self._mortal or horse.retired or report.names)
                and placing.is_spent(horse, report, way, self._settings)
            ):
                self._take_back(horse)
                horse.retire()
                if obituary.TIMED_OUT in report.names and not horse.busy:
                    horse.kill("")  # with what the job has started
                self.muster()
        return some

    def _hear(self, told: Told) -> None:
        if told.kind == "modules":
            self._stable.learn(told.words)
        elif told.kind == "begun":
            for flight in told.flights:
                self._pace.learn_kind(flight.lease.function, together=True)
        elif told.kind == "calling":
            self._due = min(self._due, lateness.overdue_at(told.flights[0]))
        elif told.kind == "not now":
            for flight in told.flights:
                self._pace.learn_plain(flight.lease.function)
            self.backlog.extendleft(flight.lease for flight in reversed(told.flights))
        elif told.kind == "stubborn":
            for flight in told.flights:
                flight.stubborn = True
        elif told.kind == "blocked":
            lateness.tell_blocked(told.flights[0].lease, told.words[-1])

    # Time

    def _arm(self) -> None:
        """Look at the horses again when the next thing can be due; never while none works."""
        horses, now = self._horses.values(), self._loop.time()
        self._timer.set(self._due)
        if not self._once:
            self._timer.set(placing.next_look(horses, now))
        if self.backlog:
            self._timer.set(now + OVERSTAY)
        if self._settings.max_horse_memory is not None and any(horse.busy for horse in horses):
            self._timer.set(now + MEMORY_CHECK)
        if self._caution.until > now:
            self._timer.set(self._caution.until)

    def _look(self) -> None:
        for horse in list(self._horses.values()):
            if horse.busy:
                self._look_at(horse)
        now = self._loop.time()
        able = (horse for horse in self._horses.values() if not horse.doom)
        self._due = min((lateness.next_overdue(horse, now) for horse in able), default=NEVER)
        self._go_on()

    def _look_at(self, horse: Horse) -> None:
        if self.ears.resting:
            self._read(horse)
        now, mark = self._loop.time(), self._marks.read(horse.place)
        if horse.numb and horse.hears(mark, self._pace.lanes):
            horse.numb = False
        horse.flights.begin(lateness.begun_by(horse, mark))
        wait = placing.patience(self._horses.values())
        if not lateness.end_if_late(horse, mark, now) and horse.overstays(self._pace.lanes, wait):
            horse.numb |= self._take_back(horse) and horse.busy
            for flight in horse.flights.aside.values():
                way = "thread" if flight.threaded else "coroutine"
                self._pace.learn(flight.lease.function, now - flight.since, way)
                break
            horse.flights.begin(lateness.received_by(horse, self._marks.read(horse.place)))
        lateness.end_if_too_large(horse, self._settings.max_horse_memory)
