"""The few things that only the kernel can do for us, and that Python does not wrap."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from typing import Final

INTERRUPT: Final = int(getattr(signal, "SIGRTMIN", signal.SIGUSR2))
"""The signal that says: somebody wants a job to end. Jobs seldom use this one."""
_PR_SET_PDEATHSIG = 1
_KILL = int(signal.SIGKILL)  # what makes an int of it in time need not be done in each horse


def _prctl() -> ctypes._NamedFuncPointer | None:
    if not sys.platform.startswith("linux"):
        return None
    return ctypes.CDLL(None).prctl


_prctl_function = _prctl()


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that happens.

    Where the kernel cannot, the closed socket is what ends a horse, after its job.
    """
    if _prctl_function is not None:
        _prctl_function(_PR_SET_PDEATHSIG, _KILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def end_with_parent(parent: int) -> None:
    """Have the kernel send this process SIGTERM when its parent ends, where it can."""
    if _prctl_function is not None:
        _prctl_function(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def kill_group(pid: int) -> None:
    """Kill a horse and everything it started; it leads a group of its own."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def signal_name(number: int) -> str:
    """`11 (SIGSEGV)`."""
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)
