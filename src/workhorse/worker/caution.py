"""How a worker that had to give jobs back claims again, so that it does not go round in circles."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from workhorse.worker.horses import Horse

SHORTEST: Final = 0.1
"""How long to be cautious the first time, seconds; each time after that for twice as long."""
LONGEST: Final = 3.2


class Caution:
    """What room there is after jobs were given back, because no horse had a place for the first.

    If that was a job that runs beside others, only free places count for a while, and none ahead.
    If it was one that does not, it or its like stands at the head of a queue, and in its way is
    another such: until that has ended, one job is claimed now and then, to see.

    Args:
        clock: The loop's.

    Attributes:
        until: When it ends by itself, by the clock; 0: there is none.
    """

    __slots__ = ("_clock", "_pause", "_together", "until")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pause = 0.0
        self._together = False
        self.until = 0.0

    def grow(self, *, together: bool) -> None:
        """Jobs were given back, the first of which runs beside others, or does not."""
        now = self._clock()
        again = bool(self.until) and now < self.until + LONGEST
        self._pause = min(LONGEST, self._pause * 2) if again else SHORTEST
        self._together = together
        self.until = now + self._pause

    def placed(self) -> None:
        """A job was handed over."""
        if not self._together:
            self.until = 0.0

    def temper(self, places: int, horses: Collection[Horse], lanes: int) -> int:
        """How many of so many places there are to be counted."""
        if not self.until or not places:
            return places
        is_over = self._clock() >= self.until
        able = [horse for horse in horses if horse.at_work and not horse.numb]
        if self._together:
            free = sum(max(0, lanes - len(horse.flights)) for horse in able)
            return places if is_over else min(places, free)
        if any(not horse.flights.turns() for horse in able):
            return places
        return min(places, 1) if is_over else 0
