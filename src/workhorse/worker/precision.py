"""An event loop whose timers ring to the tenth of a millisecond.

`epoll` counts in milliseconds, and asyncio rounds up: on average a timer rings half a millisecond
late, on an idle processor the largest part of what a job is late that falls due. `select` counts in
microseconds, and an epoll can itself be waited for.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import sys

MILLISECOND = 0.001
_SELECTABLE = 1024
"""`select` knows smaller descriptors only; that of the epoll is made before the many others."""


def precise_loop() -> asyncio.AbstractEventLoop:
    """A new event loop; an ordinary one where the system has no epoll."""
    if sys.platform != "linux":
        return asyncio.new_event_loop()
    selector = PreciseSelector()
    return asyncio.SelectorEventLoop(selector if selector.fileno() < _SELECTABLE else None)


if sys.platform == "linux":

    class PreciseSelector(selectors.EpollSelector):
        """Waits no longer than it is told."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            """What is ready, after *timeout* seconds at most."""
            if timeout is not None and timeout > MILLISECOND:
                # Rounded up, it is still early, and asyncio comes again for the rest. Most often
                # something else happens first, and the second look has cost nothing.
                timeout -= MILLISECOND
            elif timeout is not None and timeout > 0:
                try:
                    select.select((self.fileno(),), (), (), timeout)
                except InterruptedError:
                    return []
                timeout = 0
            return super().select(timeout)
