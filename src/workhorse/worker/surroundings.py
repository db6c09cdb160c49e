"""What one job may change of its process, so that the next one finds it as it was.

The usual culprit is `os.chdir`. Environment, imported modules and their globals are not
among it: who changes those wants `fork`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has no stub of it
import os
import signal
from contextlib import suppress
from typing import Final

_OURS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)


class Surroundings:
    """This process's folder, umask and signals, as they are when this is made."""

    __slots__ = ("_folder", "_handlers", "_mask", "_pid", "_umask")

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._folder = _folder()
        self._umask = os.umask(0o22)
        os.umask(self._umask)
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._handlers = [(number, _signal.getsignal(number)) for number in _OURS]

    def restore(self) -> None:
        """Put back what differs; costs about a microsecond if nothing does.

        A fork that the job made and forgot ends here: there must be one horse only.
        """
        if os.getpid() != self._pid:
            os._exit(0)
        # The plain C functions: those of `signal` make sets and enums of their answers.
        _signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        for number, handler in self._handlers:
            if _signal.getsignal(number) is not handler:
                _signal.signal(number, handler)
        os.umask(self._umask)
        if self._folder and _folder() != self._folder:
            with suppress(OSError):  # it may be gone
                os.chdir(self._folder)


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - once for each job, and Path would double its price
    except OSError:
        return ""
