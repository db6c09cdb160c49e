"""Whose step a horse is at: a page of memory that the supervisor shares with all its horses.

A horse with several jobs at a time writes here before each step of each. When it dies, or hangs
in C code, the supervisor reads whose step it was.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from typing import Final

ALONE: Final = 0
"""The horse runs one job at a time, or has not begun."""
NOBODY: Final = 1
"""Its event loop is between two steps."""
PLACES: Final = 4096
"""How many horses may have a mark; those above that have none, and nobody is sure of them."""
_WORD: Final = struct.Struct("<Q")


def mark_of(job_id: str) -> int:
    """What stands for a job: a number that no other of a horse's jobs is likely to have."""
    return zlib.crc32(job_id.encode()) + 2


class Marks:
    """The shared page.

    Args:
        fd: The file behind it, from another process's `fd`; None: make one.
    """

    def __init__(self, fd: int | None = None) -> None:
        self.fd = _new_page() if fd is None else fd
        self._page = mmap.mmap(self.fd, PLACES * _WORD.size)

    def write(self, place: int, mark: int) -> None:
        """Set the mark of one horse."""
        if place < PLACES:
            _WORD.pack_into(self._page, place * _WORD.size, mark)

    def read(self, place: int) -> int:
        """The mark of one horse."""
        return _WORD.unpack_from(self._page, place * _WORD.size)[0] if place < PLACES else ALONE

    def close(self) -> None:
        """Give the page back."""
        self._page.close()
        os.close(self.fd)


def _new_page() -> int:
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("workhorse-marks")
    else:
        import tempfile  # noqa: PLC0415 - brings in much that each fork would pay for

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, PLACES * _WORD.size)
    return fd
