"""Where horses come from: how many there should be, and asking the stable for those missing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import count
from typing import Final

from workhorse.worker.horses import Horse
from workhorse.worker.marks import ALONE
from workhorse.worker.settings import Settings
from workhorse.worker.stabling import Stabling

log = logging.getLogger("workhorse.worker")

SPARES: Final = 2
"""How many forked horses stand ready at least beyond those that work, when each runs one job."""
LITTER: Final = 4
"""How many more are forked at a time: after a fork the stable copies each page that it writes
to, and what it writes for one it need not copy again for the next."""
LONGEST_WAIT: Final = 10.0
"""How long to wait at most before the stable is asked again, seconds."""
ASK_AGAIN: Final = 0.05
"""How soon a stable that took no order is asked again, seconds."""


class Muster:
    """Keeps as many horses as there should be.

    Args:
        settings: How many.
        stable: Where they come from.
        horses: All there are, by number; those that are asked for are added.
        listen: Called with each that is asked for.
    """

    def __init__(
        self,
        settings: Settings,
        stable: Stabling,
        horses: dict[int, Horse],
        listen: Callable[[Horse], None],
    ) -> None:
        self._wanted = settings.horses
        self._once = settings.once
        self._litter = LITTER if settings.isolation == "fork" else 0
        self._spares = SPARES if settings.isolation == "fork" else min(SPARES, settings.horses)
        self._stable = stable
        self._horses = horses
        self._listen = listen
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.TimerHandle | None = None
        self._patience = ASK_AGAIN
        self._number = 0
        self._extra = 0
        self.closed = False

    def present(self) -> int:
        """How many horses there are that may get jobs, or will."""
        return sum(1 for horse in self._horses.values() if not horse.retired)

    def has_too_many(self) -> bool:
        """Whether there are more than usual, some of them for jobs in quarantine."""
        return len(self._horses) > self._wanted and self.present() > self._wanted

    def call(self, extra: int = 0) -> None:
        """Ask for as many horses as are missing.

        Args:
            extra: How many there should be beyond the usual.
        """
        self._extra = extra
        if self.closed or self._waiting is not None:
            return
        wanted, present = self._wanted + extra, self.present()
        if self._once:
            wanted += self._spares + (self._litter if present < wanted + self._spares else 0)
        for _ in range(wanted - present):
            if not self._ask():
                self._waiting = self._loop.call_later(ASK_AGAIN, self._ask_again)
                return

    def came(self) -> None:
        """One was forked: there is room for more."""
        self._patience = ASK_AGAIN

    def refused(self, horse: Horse, why: str) -> None:
        """The system has no room for one now; it is asked again later, and then later still."""
        del self._horses[horse.number]
        horse.close()
        if self._waiting is None:
            log.warning("no horse can be forked, trying again in %.1f s: %s", self._patience, why)
            self._waiting = self._loop.call_later(self._patience, self._ask_again)
            self._patience = min(self._patience * 2, LONGEST_WAIT)

    def close(self) -> None:
        """Ask for no more."""
        self.closed = True
        if self._waiting is not None:
            self._waiting.cancel()

    def _ask(self) -> bool:
        self._number += 1
        horse = Horse(self._number, self._free_place())
        with horse.reporting:
            asked = self._stable.fork(horse.number, horse.place, horse.receiving, horse.reporting)
        if not asked:
            horse.close()
            return False
        self._horses[horse.number] = horse
        self._listen(horse)
        return True

    def _ask_again(self) -> None:
        self._waiting = None
        self.call(self._extra)

    def _free_place(self) -> int:
        taken = {horse.place for horse in self._horses.values()}
        place = next(place for place in count() if place not in taken)
        self._stable.marks.write(place, ALONE)
        return place
