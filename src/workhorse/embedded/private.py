"""Throw-away servers for tests: they belong to whoever started them and die with it."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import weakref
from collections.abc import Sequence
from pathlib import Path

from workhorse.embedded.process import find_binary, socket_path, spawn, wait_until_ready
from workhorse.endpoints.endpoint import Endpoint
from workhorse.endpoints.logins import NOBODY, Address
from workhorse.exceptions import ServerError
from workhorse.links.blocking import Link

_STOP_TIMEOUT = 10.0


class PrivateServer:
    """A running server of one's own.

    Attributes:
        folder: Its data, log and socket.
        address: Where it listens.
        url: The same as a URL.
        binary: What runs.
    """

    def __init__(
        self, folder: Path, binary: Path, port: int | None, options: Sequence[str]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.absolute()
        self.binary = binary
        if port is None:
            path = str(socket_path(self.folder))
            self.address: Address = path
            where = ["--port", "0", "--unixsocket", path, "--unixsocketperm", "700"]
        else:
            self.address = ("127.0.0.1", port)
            where = ["--port", str(port), "--bind", "127.0.0.1"]
        self.url = Endpoint("single", (self.address,)).url
        # The log is written by write() before each reply and so survives SIGKILL without fsync.
        durable = ("--appendonly", "yes", "--appendfsync", "no", "--save", "")
        self._options = (*where, *durable, "--dir", str(self.folder), *options)
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def pid(self) -> int:
        """The process id; 0 when stopped."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it, if it is not running, and wait until it answers.

        Raises:
            NoServerError: It does not start.
        """
        if self._process is None:
            process = spawn(self.binary, self.folder, self._options, dies_with_us=True)
            wait_until_ready(process, self.folder, self.address)
            self._process = process
            _running.add(self)

    def stop(self) -> None:
        """End it in good order; its data stay."""
        if self._process is None:
            return
        try:
            with contextlib.closing(Link.open(self.address, NOBODY, timeout=1.0)) as link:
                link.call(("SHUTDOWN", "NOSAVE"))
        except ServerError:  # the connection is lost if all is well
            pass
        try:
            self._process.wait(_STOP_TIMEOUT / 10)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(_STOP_TIMEOUT)
        self._process = None

    def kill(self) -> None:
        """End it with SIGKILL; what it has answered to survives."""
        if self._process is not None and os.getpid() == self._owner:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop it, if it is running, and start it again with the same data and address.

        Raises:
            NoServerError: It does not start.
        """
        self.stop()
        self.start()

    def signal(self, number: int) -> None:
        """Send the process a signal, such as SIGSTOP to make it hang."""
        if self._process is not None:
            self._process.send_signal(number)


def start_private(
    folder: str | os.PathLike[str],
    *,
    binary: str | os.PathLike[str] | None = None,
    port: int | None = None,
    options: Sequence[str] = (),
) -> PrivateServer:
    """A server that nobody else knows of.

    It ends with this process at the latest. On Linux it ends with the *thread* that started
    it, even if that is killed.

    Args:
        folder: For its data; it is made if missing.
        binary: What to run; default: the one that the embedded server uses.
        port: Listen there on the loopback interface; default: a unix socket in the folder.
        options: More words for its command line, such as `("--maxmemory", "1mb")`.

    Raises:
        NoServerError: There is no server to run, or it does not start.
    """
    return PrivateServer(Path(folder), Path(binary) if binary else find_binary(), port, options)


_running: weakref.WeakSet[PrivateServer] = weakref.WeakSet()


@atexit.register
def _kill_all() -> None:
    for server in tuple(_running):
        server.kill()
