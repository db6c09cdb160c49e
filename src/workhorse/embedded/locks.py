"""File locks of the embedded server: who may start it, and who uses it.

Both are `flock` locks. The kernel drops them when the last descriptor of an open file is
closed, which happens at `kill -9` too. A forked child shares its parent's open files, and with
them the parent's use of the server: it lasts until both are gone. That is why nothing here ever
unlocks, which would unlock for the other one as well; it only closes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock file *path*; wait as long as somebody else does."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Use:
    """A share in the lock file *path* for as long as this process, or a child of it, lives."""

    def __init__(self, path: Path) -> None:
        """Join those who use it; waits for somebody who is about to stop the server."""
        self._path = path
        self._descriptor = _open(path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    @contextlib.contextmanager
    def leave(self) -> Iterator[bool]:
        """Give up the share; yields whether nobody else has one. Nobody can join meanwhile.

        To be called by who is `alone` with the right to start and stop, or two who leave at
        the same time could each take the other for a user.
        """
        os.close(self._descriptor)
        descriptor = _open(self._path)
        try:
            # A new open file: on the old one a forked child's share would not be in the way.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            last = True
        except BlockingIOError:
            last = False
        try:
            yield last
        finally:
            os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
