"""What holds a worker to its pool: a stream, a byte a word, that ends when either of them does."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import socket
from collections.abc import Callable
from typing import Final

FINISH: Final = b"f"
"""To a worker: finish what runs, then end."""
STOP: Final = b"s"
"""To a worker: kill what runs, return it, and end."""
READY: Final = b"r"
"""From a worker: it is known to the server, and its modules are imported."""
FAILED: Final = b"e"
"""From a worker, as its last word: why it cannot work, pickled, follows."""
HEARD: Final = 65_536
"""How much is read at a time, bytes."""


class Tether:
    """A worker's end.

    Args:
        end: The socket.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def ready(self) -> None:
        """Say that the worker works."""
        with contextlib.suppress(OSError):  # the pool is gone, which is heard elsewhere
            self._end.send(READY)

    def failed(self, error: Exception) -> None:
        """Say why the worker cannot work."""
        with contextlib.suppress(OSError):
            self._end.sendall(FAILED + pickle.dumps(error))

    def listen(
        self, finish: Callable[[], None], stop: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        """Have the running loop call these when the pool says so, or has ended."""
        self._end.setblocking(False)
        loop = asyncio.get_running_loop()

        def hear() -> None:
            try:
                words = self._end.recv(HEARD)
            except BlockingIOError:
                return
            except OSError:
                words = b""
            if not words:
                loop.remove_reader(self._end)
                lost()
            elif STOP in words:
                stop()
            elif FINISH in words:
                finish()

        loop.add_reader(self._end, hear)
