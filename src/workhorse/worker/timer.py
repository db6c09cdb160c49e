"""One timer, for whatever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timer:
    """Rings once, at the earliest of the times that it is set to; then it can be set again.

    Args:
        ring: Called then.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def set(self, when: float) -> None:
        """Ring at that time by the loop's clock at the latest; infinity changes nothing."""
        if when == float("inf"):
            return
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._rings)

    def cancel(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rings(self) -> None:
        self._timer = None
        self._ring()
