"""Who is to blame for a horse's death; if nobody knows, each runs again in a horse of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from workhorse.ops.leases import Lease
from workhorse.worker.flights import Flight
from workhorse.worker.horses import Horse

EXTRA: Final = 8
"""How many horses there are at most for jobs that run alone, beside the usual ones."""
REMEMBERED: Final = 10_000
"""How many survivors are remembered."""


class Quarantine:
    """Jobs that may have killed a horse.

    Attributes:
        waiting: Those that are to run again with no other job in their horse.
    """

    def __init__(self) -> None:
        self.waiting: deque[Lease] = deque()
        self._survivors: set[str] = set()

    def inquire(self, horse: Horse, mark: int) -> tuple[Flight | None, list[Lease]]:
        """Who died of a dead horse's jobs: the one to blame, if any, and those that run again.

        Others are kept here: one of several that may be to blame, and those that
        have now seen it twice that nobody was.
        """
        flights = list(horse.flights)
        culprits = self._culprits(horse, flights, mark)
        # What all have made of the horse, such as its size, is not one's fault because he is at it.
        is_sure = bool(horse.doomed) or not horse.doom or len(flights) == 1
        if len(culprits) == 1 and is_sure:
            blamed = culprits[0]
            self._survivors.discard(blamed.lease.id)
            return blamed, [flight.lease for flight in flights if flight is not blamed]
        suspects = {flight.lease.id for flight in culprits}
        if not suspects and not horse.doomed:
            suspects = self._survivors.intersection(flight.lease.id for flight in flights)
            self._remember(flight.lease.id for flight in flights)
        self.waiting.extend(one.lease for one in flights if one.lease.id in suspects)
        return None, [one.lease for one in flights if one.lease.id not in suspects]

    def needed(self, horses: Iterable[Horse]) -> int:
        """How many horses more than usual it needs, so that nobody else has to wait for it."""
        busy = sum(1 for horse in horses if horse.alone and horse.busy)
        return min(EXTRA, busy + len(self.waiting))

    def dispatch(self, horses: Collection[Horse]) -> Iterator[Lease]:
        """Give idle horses one each of those that wait: which."""
        if not self.waiting:
            return
        most = EXTRA - sum(1 for horse in horses if horse.alone and horse.busy)
        for horse in horses:
            if most <= 0 or not self.waiting:
                return
            if horse.at_work and not horse.busy and horse.hand(self.waiting[0], 0.0, alone=True):
                yield self.waiting.popleft()
                most -= 1

    def surrender(self) -> list[Lease]:
        """Give up those that wait."""
        leases = list(self.waiting)
        self.waiting.clear()
        return leases

    def _culprits(self, horse: Horse, flights: list[Flight], mark: int) -> list[Flight]:
        if horse.doomed:
            # A horse that had gone on to another job by then is not that job's fault.
            return [flight for flight in flights if flight.lease.id == horse.doomed]
        if len(flights) == 1 and (horse.alone or horse.doom):
            # Nothing else was there, whoever's step it was.
            return flights
        return horse.culprits(mark)

    def _remember(self, ids: Iterable[str]) -> None:
        if len(self._survivors) > REMEMBERED:
            self._survivors.clear()
        self._survivors.update(ids)


def may_begin(lease: Lease, suspects: Collection[str], horses: Iterable[Horse]) -> bool:
    """Whether a job may run beside those that run now: one of the suspects runs alone."""
    flying = {one.lease.id for horse in horses for one in horse.flights}
    return not flying or (lease.id not in suspects and flying.isdisjoint(suspects))
