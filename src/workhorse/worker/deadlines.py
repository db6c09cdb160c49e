"""The deadlines of many runs at a time: one timer for all, and no work per run but two dict writes.

Runs with the same timeout end in the order in which they began, so each timeout has a queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

R = TypeVar("R")

HELD_UP: Final = 0.05
"""If the timer rings that late, somebody has held up the loop, seconds."""
TURN: Final = 0.01
"""What runs get then to end by themselves, if only the loop kept them from it, seconds."""


class Deadlines(Generic[R]):
    """Calls `expired` with each run that is still there when its time is up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[R], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._queues: dict[float, dict[R, float]] = {}
        self._timer: asyncio.TimerHandle | None = None
        # What is due at once uvloop makes a handle that does not know when it is.
        self._due = 0.0
        self._is_patient = False

    def add(self, run: R, seconds: float) -> None:
        """From now on the run has so many seconds; negative: for ever."""
        if seconds < 0:
            return
        due = self._loop.time() + seconds
        self._queues.setdefault(seconds, {})[run] = due
        if self._timer is None or due < self._due:
            self._arm(due)

    def remove(self, run: R, seconds: float) -> None:
        """The run has ended."""
        queue = self._queues.get(seconds)
        if queue is not None:
            queue.pop(run, None)

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        if now - self._due > HELD_UP and not self._is_patient:
            self._is_patient = True
            self._arm(now + TURN)
            return
        self._timer, self._is_patient = None, False
        over = [
            (run, seconds)
            for seconds, queue in self._queues.items()
            for run, due in queue.items()
            if due <= now
        ]
        for run, seconds in over:
            self.remove(run, seconds)
            self._expired(run)
        self._queues = {seconds: queue for seconds, queue in self._queues.items() if queue}
        if self._queues:
            self._arm(min(next(iter(queue.values())) for queue in self._queues.values()))
