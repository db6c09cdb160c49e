"""A process and its descendants: what they use. Linux only; elsewhere there are none."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_PR_SET_CHILD_SUBREAPER = 36


def become_reaper() -> None:
    """Have orphans of our children given to us, so that their processor time is ours as well."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def adopt(pid: int) -> None:
    """Kill a child of a process that was killed, and wait for its end if it came to us."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class Family:
    """The processes of one worker."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def members(self) -> list[int]:
        """The process ids of those that are alive."""
        found = [self._pid] if (_PROC / str(self._pid)).exists() else []
        for pid in found:  # grows meanwhile
            for children in _PROC.glob(f"{pid}/task/*/children"):
                found += map(int, _text(children).split())
        return found

    def cpu(self) -> float:
        """Processor seconds of all, and of those that they have waited for."""
        return sum(map(_cpu, self.members()))

    def fine_cpu(self) -> float:
        """The same of those alone that are alive, to the nanosecond where the kernel tells it."""
        return sum(map(_fine_cpu, self.members()))

    def memory(self) -> int:
        """Bytes, where a page that several processes share is counted once (PSS)."""
        return sum(map(_pss, self.members()))


def cpu_of(pid: int) -> float:
    """Processor seconds of one process alone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _cpu(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def _fine_cpu(pid: int) -> float:
    told = [_text(one).split() for one in (_PROC / str(pid) / "task").glob("*/schedstat")]
    return sum(int(words[0]) for words in told if words) / 1e9


def _pss(pid: int) -> int:
    for line in _text(_PROC / str(pid) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _stat(pid: int) -> list[str]:
    return _text(_PROC / str(pid) / "stat").rpartition(")")[2].split()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended meanwhile
        return ""
