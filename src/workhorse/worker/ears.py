"""When the supervisor listens to horses that have plenty to do: not to each of their words.

Each report wakes the supervisor, and it takes time from the very horses that it wakes up for. A
horse that certainly has work for a while is not listened to meanwhile; what it says waits in its
channel, and is read with what the others have said by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from workhorse.worker.horses import Horse
from workhorse.worker.timer import Timer

LATER: Final = 0.0045
"""How long a horse is not listened to, seconds: so long may a result wait while all are at work."""
PLENTY: Final = 0.006
"""How much work it has behind what it runs, as far as is known, seconds."""


class Ears:
    """Listens to horses.

    Args:
        heard: Called with a horse that has said something, or all that may have.
    """

    def __init__(self, heard: Callable[[list[Horse]], None]) -> None:
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._resting: list[Horse] = []
        self._timer = Timer(self._catch_up)
        self._catches_up = False

    @property
    def resting(self) -> bool:
        """Whether some horses are not listened to, or were not until now.

        So what was heard of them need not wait for more: there will be nothing new soon.
        """
        return self._catches_up or bool(self._resting)

    def listen(self, horse: Horse) -> None:
        """Listen to a horse as soon as it says something."""
        # The number, for asyncio describes a socket at length before it takes it.
        self._loop.add_reader(horse.reports.fileno(), self._heard, [horse])

    def rest(self, horse: Horse) -> None:
        """Listen to a horse later if it has plenty to do."""
        flights = horse.flights
        if flights.aside or flights.behind() < PLENTY or not horse.audible:
            return
        if self._loop.remove_reader(horse.reports.fileno()):
            self._timer.set(self._loop.time() + LATER)
            self._resting.append(horse)

    def close(self) -> None:
        """Listen to nobody any more whom it does not listen to now."""
        self._timer.cancel()

    def _catch_up(self) -> None:
        horses = [horse for horse in self._resting if horse.audible]
        self._resting.clear()
        for horse in horses:
            self.listen(horse)
        self._catches_up = True
        try:
            self._heard(horses)
        finally:
            self._catches_up = False
