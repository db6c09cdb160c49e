"""The posts of a pool: at each, one worker follows the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import marshal
import os
import pickle
import random
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Final, Protocol

from workhorse.exceptions import WorkhorseError
from workhorse.worker.kernel import signal_name
from workhorse.worker.tether import FAILED, HEARD, READY, STOP

if TYPE_CHECKING:
    from workhorse.worker.settings import Settings

log = logging.getLogger("workhorse.pool")

STEADY: Final = 10.0
"""A worker that has lived so long did not die of its start, seconds."""
LONGEST_WAIT: Final = 30.0
"""How long to wait at most before a worker is started again, seconds."""
PATIENCE: Final = 30.0
"""How long a worker may take to hear what it is to do, seconds; it needs a tenth of one."""
LINGERS: Final = 0.05
"""How soon to look again for one that has let go and not ended, seconds."""
LAST: Final = 8.0
"""How long a worker that is to stop at once may take before it is killed, seconds; for five of them
it tries to return its jobs."""
REPEAT: Final = 0.5
"""How often a worker that hears signals only is told again to stop at once, seconds."""

_BOOT = (
    "import marshal, sys; sys.path[:] = marshal.loads(bytes.fromhex(sys.argv.pop())); "
    "from workhorse.worker.pooled import main; main()"
)


class Pool(Protocol):
    """What a post knows of its pool.

    Attributes:
        settings: What its workers are told.
        word: What they have been told since, or b''.
    """

    settings: Settings
    word: bytes

    def message(self, name: str) -> bytes:
        """What a worker is told at its start."""

    def proven(self) -> None:
        """A worker works."""

    def failed(self, name: str, error: Exception) -> None:
        """A worker says that it cannot work."""

    def review(self) -> None:
        """A worker has ended, and none follows."""


class Post:
    """One worker after the other, of one name.

    Attributes:
        is_done: Whether no other will follow.
    """

    def __init__(self, pool: Pool, name: str) -> None:
        self._pool = pool
        self.name = name
        self.is_done = False
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._said = b""
        self._began = 0.0
        self._deaths = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start a worker."""
        self._timer = None
        loop = asyncio.get_running_loop()
        self._said, self._began = b"", loop.time()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _launch(theirs, self._pool.settings)
        except OSError as error:
            ours.close()
            log.warning("worker %s cannot be started: %s", self.name, error)
            self._again()
            return
        with contextlib.suppress(OSError):  # it has died, which is seen below
            ours.settimeout(PATIENCE)
            ours.sendall(self._pool.message(self.name))
        ours.setblocking(False)
        self._end = ours
        loop.add_reader(ours, self._hear)

    def send(self, word: bytes) -> None:
        """Tell the worker to stop, in one way or the other."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.is_done = True
        if self._end is None or self._process is None:
            return
        if word == STOP:
            asyncio.get_running_loop().call_later(LAST, self._kill, self._process)
        if self._pool.settings.isolation != "inline":
            with contextlib.suppress(OSError):
                self._end.send(word)
        elif self._process.poll() is None:
            self._process.terminate()
            if word == STOP:
                asyncio.get_running_loop().call_later(REPEAT, self.send, word)

    def look(self) -> None:
        """See whether the worker has ended."""
        if self._process is None:
            return
        if self._process.poll() is None:
            if self._end is None:
                asyncio.get_running_loop().call_later(LINGERS, self.look)
            return
        while self._end is not None:
            self._hear()  # its last words
        status, self._process = self._process.returncode, None
        settings = self._pool.settings
        wanted = status == 0 and (settings.burst or settings.max_idle_time is not None)
        if self._pool.word or wanted:
            self.is_done = True
            self._pool.review()
            return
        if status:
            log.error("worker %s has died: %s", self.name, _cause(status))
        self._again(counts=bool(status))

    def end(self) -> None:
        """Let go of the worker, which ends it; and see to it that it has."""
        self._deafen()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """It was told to stop at once, and has not: it hangs."""
        if process is self._process and process.poll() is None:
            log.error("worker %s does not stop, and is killed", self.name)
            process.kill()

    def _hear(self) -> None:
        assert self._end is not None  # noqa: S101 - for the type checker
        try:
            words = self._end.recv(HEARD)
        except BlockingIOError:
            if self._process is None or self._process.poll() is not None:
                self._deafen()
            return
        except OSError:
            words = b""
        if words:
            self._said += words
            if self._said.startswith(READY):
                self._pool.proven()
            return
        self._deafen()
        if FAILED in self._said[:2]:
            self._fail(self._said.partition(FAILED)[2])
        asyncio.get_running_loop().call_soon(self.look)

    def _fail(self, pickled: bytes) -> None:
        try:
            error = pickle.loads(pickled)  # noqa: S301 - from our own worker, which runs no user code
        except Exception:  # noqa: BLE001 - it died in the middle of a word
            return
        if isinstance(error, WorkhorseError | ImportError):
            self._pool.failed(self.name, error)

    def _deafen(self) -> None:
        if self._end is not None:
            asyncio.get_running_loop().remove_reader(self._end)
            self._end.close()
            self._end = None

    def _again(self, *, counts: bool = True) -> None:
        """Start another one: at once if the last has lived, else after a pause that grows."""
        loop = asyncio.get_running_loop()
        lived = loop.time() - self._began
        self._deaths = self._deaths + 1 if counts and lived < STEADY else 0
        delay = 0.0 if self._deaths < 2 else min(LONGEST_WAIT, 0.25 * 2**self._deaths)  # noqa: PLR2004 - the first death is an accident
        self._timer = loop.call_later(delay * random.uniform(0.75, 1.0), self.start)


def _launch(end: socket.socket, settings: Settings) -> subprocess.Popen[bytes]:
    folders = marshal.dumps([*settings.path, *map(os.fspath, sys.path)])
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-c", _BOOT, str(end.fileno()), str(os.getpid()), folders.hex()],
        pass_fds=[end.fileno()],
        stdin=subprocess.DEVNULL,
        # Ctrl+C is for the pool, which passes it on once; not for all at the terminal.
        start_new_session=True,
    )


def _cause(status: int) -> str:
    return f"signal {signal_name(-status)}" if status < 0 else f"status {status}"
