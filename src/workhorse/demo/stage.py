"""Where the demo plays: a server, a namespace of its own, and a worker in a process of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from workhorse import embedded
from workhorse.connection import Connection, default_namespace
from workhorse.drivers import run
from workhorse.effects import Flow, command
from workhorse.worker.kernel import die_with_parent

HORSES = 2

_STOP_TIMEOUT = 10.0
_KEPT_VARIABLES = ("WORKHORSE_SECRET", "WORKHORSE_MAX_PAYLOAD")


@dataclass(frozen=True)
class Stage:
    """Where the demo plays.

    Attributes:
        connection: To a namespace that is the demo's alone.
        server: What kind of server it is, for people.
        options: What to append to a command so that it looks here; a password is masked.
        worker: The worker's process.
        log: Where the worker writes its log.
    """

    connection: Connection
    server: str
    options: str
    worker: subprocess.Popen[bytes]
    log: Path


@contextlib.contextmanager
def set_up(url: str | None, *, keep: bool) -> Iterator[Stage]:
    """A stage, ready to play on; afterwards it is swept, unless it is to be kept.

    Args:
        url: The server; default: a private one, or the embedded one if the stage is to be kept.
        keep: Leave the jobs where they are.

    Raises:
        NoServerError: There is no server to start.
        ServerError: The server cannot be reached.
    """
    folder = Path(tempfile.mkdtemp(prefix="workhorse-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        connection, server = _connected(url, folder, stack, keep=keep)
        run(connection, _ping())
        if not keep:
            stack.callback(_sweep, connection)
        worker = _hire(connection, folder / "worker.log")
        stack.callback(dismiss, worker)
        yield Stage(connection, server, _options(connection), worker, folder / "worker.log")


def dismiss(worker: subprocess.Popen[bytes]) -> int:
    """Tell the worker to stop, and return its exit status."""
    with contextlib.suppress(ProcessLookupError):
        worker.send_signal(signal.SIGTERM)
    try:
        return worker.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        worker.kill()
        return worker.wait()


def _connected(
    url: str | None, folder: Path, stack: contextlib.ExitStack, *, keep: bool
) -> tuple[Connection, str]:
    namespace: str | None = f"demo-{os.urandom(3).hex()}"
    if url:
        server = "the one that you named"
    elif keep:
        url, server = embedded.ensure(), "your embedded one"
    else:
        private = embedded.start_private(folder)
        stack.callback(private.kill)
        url, server = private.url, "a private one, started for this and gone afterwards"
        namespace = None
    connection = Connection(url, namespace, patience=2.0)
    stack.callback(connection.close)
    return connection, server


def _options(connection: Connection) -> str:
    options = f"-u {connection.endpoint}"
    if connection.namespace != default_namespace():
        options += f" --namespace {connection.namespace}"
    return options


def _hire(connection: Connection, log: Path) -> subprocess.Popen[bytes]:
    """Start `workhorse worker`, as anybody would."""
    words = [sys.executable, "-m", "workhorse", "worker", "count", "rank"]
    words += [
        "--horses",
        str(HORSES),
        "--strategy",
        "round_robin",
        "--preload",
        "workhorse.demo.jobs",
    ]
    # Options that are set in the environment are meant for another worker.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WORKHORSE_") or name in _KEPT_VARIABLES
    }
    # Not among the words: a URL may have a password in it.
    environment["WORKHORSE_URL"] = connection.url
    environment["WORKHORSE_NAMESPACE"] = connection.namespace
    with log.open("wb") as file:
        return subprocess.Popen(  # noqa: S603 - ourselves
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl+C is for the demo, which then tells its worker
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - no threads here
        )


def _ping() -> Flow[None]:
    yield command("PING")


def _sweep(connection: Connection) -> None:
    """Delete the namespace."""
    with contextlib.suppress(Exception):  # whatever is wrong has been said by now
        everything = "*".join((connection.keys.prefix, ""))  # noqa: FLY002 - no key is made here
        run(connection, _deleting(everything))


def _deleting(pattern: str) -> Flow[None]:
    cursor = b"0"
    while True:
        cursor, keys = yield command("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
        if keys:
            yield command("UNLINK", *keys)
        if cursor == b"0":
            return
