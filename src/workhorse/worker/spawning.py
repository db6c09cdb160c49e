"""How a stable has horses without a fork: each is an interpreter of its own.

It is started ahead, imports what earlier jobs have brought in, and says that it is ready; only
then is it given a job. So no job waits for an interpreter, and no job's time runs while one starts.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import pickle
import sys
import tempfile
from typing import Final, NamedTuple

from workhorse.worker.orders import Orders

MOST: Final = 1000
"""How many functions and modules of earlier jobs an interpreter imports at its start."""

_BOOT = (
    "import gc, marshal, sys; gc.disable(); "
    "sys.path[:] = marshal.loads(bytes.fromhex(sys.argv.pop())); "
    "from workhorse.worker.spawned import main; main()"
)


class Starting(NamedTuple):
    """An interpreter that has not said that it is ready."""

    number: int
    pid: int


class Spawner:
    """Starts interpreters.

    Args:
        orders: What they are told.
        marks: The descriptor of the page of marks.

    Attributes:
        starting: Those that are not ready, by the descriptor that they will say it on.
    """

    def __init__(self, orders: Orders, marks: int) -> None:
        self._orders = orders
        self._marks = marks
        self._names: list[str] = []
        self._told = self._write()
        self.starting: dict[int, Starting] = {}

    def start(self, number: int, place: int, jobs: int, reports: int) -> int:
        """Start an interpreter; its pid.

        Raises:
            OSError: The system has no room for it.
        """
        ready, say_ready = os.pipe()
        handed = (jobs, reports, self._marks, self._told, say_ready)
        words = [*map(str, (*handed, place, os.getpid())), marshal.dumps(sys.path).hex()]
        try:
            # Nobody else starts a process here, so nobody else inherits them.
            for fd in handed:
                os.set_inheritable(fd, True)
            pid = os.posix_spawn(
                sys.executable, [sys.executable, "-c", _BOOT, *words], dict(os.environ)
            )
        except OSError:
            os.close(ready)
            raise
        finally:
            for fd in handed:
                os.set_inheritable(fd, False)
            os.close(say_ready)
        self.starting[ready] = Starting(number, pid)
        return pid

    def hear(self, ready: int) -> Starting | None:
        """Which interpreter has said that it is ready; None: it has ended before."""
        one = self.starting.pop(ready)
        said = os.read(ready, 1)
        os.close(ready)
        return one if said else None

    def learn(self, name: str) -> None:
        """Have later interpreters import a module, or that of a function."""
        if name not in self._names and len(self._names) < MOST:
            self._names.append(name)
            self._rewrite()

    def unlearn(self) -> None:
        """An interpreter died at its start: what it imports may be why."""
        if self._names:
            self._names.clear()
            self._rewrite()

    def _rewrite(self) -> None:
        # Another file, for somebody may be reading this one.
        before, self._told = self._told, self._write()
        os.close(before)

    def _write(self) -> int:
        told = pickle.dumps((self._orders, self._names))
        if hasattr(os, "memfd_create"):
            fd = os.memfd_create("workhorse-orders")
        else:
            with tempfile.TemporaryFile() as file:
                fd = os.dup(file.fileno())
        with contextlib.closing(os.fdopen(os.dup(fd), "wb")) as file:
            file.write(told)
        return fd
