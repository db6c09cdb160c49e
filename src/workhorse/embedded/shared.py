"""The embedded server: one per user and home folder, shared by all of the user's processes.

Whoever needs it first starts it, under the lock `start`. Each process that uses it holds a
share in the lock `users` until it ends, however it ends. Who leaves last, in good order,
stops the server; if the last one was killed, it stays for the next. It has a unix
socket and no port, and appends each write to a file once a second at the latest.

After `stop` it stays stopped: a running worker does not start it again, a new `connect` does.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from workhorse.embedded.locks import Use, alone
from workhorse.embedded.process import find_binary, socket_path, spawn, wait_until_ready
from workhorse.endpoints.endpoint import Endpoint
from workhorse.endpoints.logins import NOBODY
from workhorse.exceptions import ConnectionLost, NoServerError, ServerError
from workhorse.links.blocking import Link

_LONG_LOG = 1 << 20
_PING_TIMEOUT = 5.0

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the embedded server of a home; empty fields if it is not running.

    Attributes:
        running: Whether it answers.
        url: Its URL, also when it is not running.
        home: Its folder; the data are in `server` there.
        pid: Its process id.
        version: Such as `valkey 9.1.2`.
        binary: What runs.
    """

    running: bool
    url: str
    home: Path
    pid: int = 0
    version: str = ""
    binary: str = ""


def default_home() -> Path:
    """WORKHORSE_HOME, else `workhorse` in the user's state folder."""
    chosen = os.environ.get("WORKHORSE_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    try:
        return Path(state).expanduser().absolute() / "workhorse"
    except RuntimeError as error:  # no home folder
        raise NoServerError(
            f"where to keep the server's data? {error}; set WORKHORSE_HOME"
        ) from error


def ensure(home: PathLike | None = None) -> str:
    """The URL of the embedded server, which is running when this returns.

    The calling process counts as a user of it until it ends.

    Raises:
        NoServerError: There is no server to run, or it does not start.
    """
    place = _Place(home)
    place.join()
    if not place.answers():
        with place.alone():
            if not place.answers():
                place.start()
    return place.url


def revive(home: PathLike | None = None) -> None:
    """Start a server that has died; not one that was stopped on purpose.

    Raises:
        NoServerError: There is no server to run, or it does not start.
    """
    if not _Place(home).stopped.exists():
        ensure(home)


def running(home: PathLike | None = None) -> str | None:
    """The URL of the embedded server if it is running; does not count as using it."""
    place = _Place(home, make=False)
    return place.url if place.answers() else None


def status(home: PathLike | None = None) -> Status:
    """What is known of the embedded server; does not count as using it."""
    place = _Place(home, make=False)
    try:
        with contextlib.closing(place.link()) as link:
            text: str = link.call(("INFO", "server")).decode()
    except ServerError:
        return Status(running=False, url=place.url, home=place.folder.parent)
    facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    name = facts.get("server_name", "redis")
    version = facts.get("valkey_version") or facts["redis_version"]
    return Status(
        running=True,
        url=place.url,
        home=place.folder.parent,
        pid=int(facts["process_id"]),
        version=f"{name} {version}",
        binary=facts.get("executable", ""),
    )


def stop(home: PathLike | None = None) -> bool:
    """Stop the embedded server, whoever uses it; its data stay. Returns whether it was running.

    Raises:
        ServerError: It refuses to stop.
    """
    place = _Place(home, make=False)
    if not place.folder.exists():
        return False
    with place.alone():
        place.stopped.touch()
        return place.shut_down()


class _Place:
    """The folder of one embedded server, and what is to be found there."""

    def __init__(self, home: PathLike | None, *, make: bool = True) -> None:
        self.folder = (Path(home).absolute() if home else default_home()) / "server"
        if make:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise NoServerError(f"{error}; set WORKHORSE_HOME to a folder of yours") from error
        self.socket = str(socket_path(self.folder))
        self.url = Endpoint("single", (self.socket,)).url
        self.stopped = self.folder / "stopped"

    def join(self) -> None:
        """Count this process as a user, once."""
        with _joining:
            if self.folder not in _uses:
                _uses[self.folder] = Use(self.folder / "users.lock")

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """The right to start and stop."""
        return alone(self.folder / "start.lock")

    def link(self) -> Link:
        return Link.open(self.socket, NOBODY, timeout=_PING_TIMEOUT)

    def answers(self) -> bool:
        try:
            with contextlib.closing(self.link()) as link:
                link.call(("PING",), _PING_TIMEOUT)
        except ConnectionLost:
            return False
        except ServerError as error:
            return error.code == "LOADING"  # whoever started it waits for that
        return True

    def start(self) -> None:
        binary = find_binary()
        log = self.folder / "server.log"
        if log.exists() and log.stat().st_size > _LONG_LOG:
            log.replace(self.folder / "server.log.old")
        listening = ("--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700")
        durable = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
        options = (*listening, *durable, "--dir", str(self.folder), "--daemonize", "no")
        process = spawn(binary, self.folder, options)
        _started.append(process)
        wait_until_ready(process, self.folder, self.socket)
        self.stopped.unlink(missing_ok=True)

    def shut_down(self) -> bool:
        try:
            link = self.link()
        except ConnectionLost:
            return False
        with contextlib.closing(link), contextlib.suppress(ConnectionLost):  # which is its answer
            link.call(("SHUTDOWN", "NOW"))
        return True


_uses: dict[Path, Use] = {}
_started: list[subprocess.Popen[bytes]] = []
_joining = threading.Lock()


def _renew_lock() -> None:
    global _joining  # noqa: PLW0603 - the parent's may be held by a thread that the child has not
    _joining = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


@atexit.register
def _leave_all() -> None:
    while _uses:
        folder, use = _uses.popitem()
        with contextlib.suppress(FileNotFoundError):  # the folder was removed
            place = _Place(folder.parent, make=False)
            with place.alone(), use.leave() as last:
                if last:
                    place.shut_down()
    for process in _started:
        if process.poll() is None:
            process.returncode = 0  # it survives us on purpose; Popen would warn of that
