"""What the jobs leave behind: who ran when, and how often.

A file that all processes map into their memory, one slot for each job. A job stamps its slot
itself, which costs less than a microsecond and asks nothing of the server that is measured.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from pathlib import Path
from time import monotonic_ns

_STAMP = struct.Struct("q")
_WIDTH = _STAMP.size * 2 + 2


class Slots:
    """Four columns: when the job began, when it ended, how often it ran, and how often it tried.

    Times are those of the machine's monotonic clock, which all processes share, nanoseconds.
    """

    def __init__(self, path: str) -> None:
        with Path(path).open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self.count = len(self._map) // _WIDTH
        self._ends = self.count * _STAMP.size
        self._runs = self._ends * 2
        self._tries = self._runs + self.count

    @classmethod
    def create(cls, path: Path, count: int) -> Slots:
        """Empty slots for *count* jobs in a new file."""
        with path.open("wb") as file:
            file.truncate(count * _WIDTH)
        return cls(str(path))

    def begin(self, index: int) -> None:
        """Stamp the start of a job."""
        _STAMP.pack_into(self._map, index * 8, monotonic_ns())

    def end(self, index: int) -> None:
        """Stamp its end, and count the run."""
        _STAMP.pack_into(self._map, self._ends + index * 8, monotonic_ns())
        self._map[self._runs + index] += 1

    def is_first_try(self, index: int) -> bool:
        """Count a try; whether it was the first."""
        self._map[self._tries + index] += 1
        return self._map[self._tries + index] == 1

    def has_ended(self, index: int) -> bool:
        """Whether a job ran to its end."""
        return bool(self._map[self._runs + index])

    @property
    def runs(self) -> bytes:
        """How often each job ran to its end."""
        return self._map[self._runs : self._tries]

    @property
    def begun(self) -> Sequence[int]:
        """When each job began, ns; 0 for those that did not."""
        return memoryview(self._map[: self._ends]).cast("q")

    @property
    def ended(self) -> Sequence[int]:
        """When each job ended, ns; 0 for those that did not."""
        return memoryview(self._map[self._ends : self._runs]).cast("q")
