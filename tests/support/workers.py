"""Real workers as processes, for tests that send them real signals."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tests.support.servers import wait_for
from workhorse.connection import Connection
from workhorse.worker import Worker

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
MARK = "WORKHORSE_TEST_WORKER"
"""An environment variable that all processes of one worker inherit, whatever becomes of them."""

_numbers = itertools.count(1)


def eventually(predicate: Callable[[], T], within: float = 20.0) -> T:
    """What *predicate* returns as soon as that is true."""
    return wait_for(predicate, within)


class WorkerProcess:
    """One worker: a supervisor, its stable and its horses.

    Attributes:
        name: The name it registers under.
        process: The supervisor.
    """

    def __init__(
        self, folder: Path, connection: Connection, worker: dict[str, Any], work: dict[str, Any]
    ) -> None:
        number = next(_numbers)
        self.name: str = worker.get("name", f"worker-{number}")
        self._connection = connection
        self._mark = f"{os.getpid()}-{number}"
        self._log = folder / f"{self.name}-{number}.log"
        machine = worker.pop("machine", None)
        told = {
            "worker": {
                "queues": ["default"],
                "connection": connection.url,
                "namespace": connection.namespace,
                **worker,
                "name": self.name,
            },
            "work": work,
            "machine": machine,
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.runner", json.dumps(told)],
                cwd=ROOT,
                env={**os.environ, MARK: self._mark, "PYTHONFAULTHANDLER": ""},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    # What it is

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return self.process.pid

    @property
    def log(self) -> str:
        """What it and its horses have written so far."""
        return self._log.read_text("utf-8", "replace")

    @property
    def stable(self) -> int:
        """The pid of the stable, waiting for it to be there."""
        return eventually(lambda: children(self.pid))[0]

    @property
    def horses(self) -> list[int]:
        """The pids of its horses, waiting for one to be there."""
        return eventually(lambda: children(self.stable))

    def tree(self) -> list[int]:
        """The pids of all that is left of it, orphans included."""
        return [pid for pid in _pids() if _has_mark(pid, self._mark)]

    def has_gone(self) -> bool:
        """Whether nothing is left of it."""
        return not self.tree()

    def registered(self) -> WorkerProcess:
        """Itself, once the server knows it."""
        eventually(self._is_registered)
        return self

    def _is_registered(self) -> bool:
        assert self.process.poll() is None, self.log
        found = Worker.find_by_name(self.name, self._connection)
        return found is not None and found.pid == self.pid

    # What is done to it

    def signal(self, number: int) -> None:
        """Send the supervisor a signal."""
        self.process.send_signal(number)

    def ended(self, within: float = 10.0) -> int:
        """The exit code of the supervisor, once it has ended by itself."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not ended within {within} s:\n{self.log}") from None

    def stop(self, within: float = 10.0) -> int:
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return self.ended(within)

    def kill(self) -> None:
        """SIGKILL for the supervisor alone: the others must notice by themselves."""
        self.process.kill()
        self.process.wait()

    def kill_tree(self) -> None:
        """SIGKILL for all of its processes at once."""
        for pid in self.tree():
            kill(pid, signal.SIGSTOP)  # so that none sees the end of another
        self.clear()

    def clear(self) -> None:
        """Kill whatever is left of it."""
        for pid in self.tree():
            kill(pid, signal.SIGKILL)
        self.process.wait()


class Workers:
    """Starts workers; all of them end with the test.

    Args:
        connection: Where they work unless told otherwise.
        folder: For their logs.
    """

    def __init__(self, connection: Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self._started: list[WorkerProcess] = []

    def start(self, *, wait: bool = True, **options: Any) -> WorkerProcess:
        """A worker with these options of `Worker`, `work` and `runner`; it has registered."""
        names = ("burst", "logging_level", "max_jobs", "max_idle_time", "dequeue_strategy")
        work = {name: options.pop(name) for name in names if name in options}
        worker = WorkerProcess(self._folder, self._connection, options, work)
        self._started.append(worker)
        return worker.registered() if wait else worker

    def end(self) -> None:
        """Kill the supervisors that are left; nothing else of them may survive that."""
        for worker in self._started:
            worker.signal(signal.SIGCONT)
            worker.kill()
        survivors: list[int] = []
        for worker in self._started:
            with contextlib.suppress(AssertionError):
                eventually(worker.has_gone, within=2)
            survivors += worker.tree()
            worker.clear()
            print(f"--- {worker.name}\n{worker.log[-8000:]}")  # noqa: T201 - shown if the test fails
        assert not survivors, "these processes outlived their worker"


@contextlib.contextmanager
def workers_of(connection: Connection, folder: Path) -> Iterator[Workers]:
    """Workers that end with the block."""
    workers = Workers(connection, folder)
    try:
        yield workers
    finally:
        workers.end()


def kill(pid: int, number: int) -> None:
    """Send a signal to a process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def children(pid: int) -> list[int]:
    """The living children of a process, oldest first."""
    found = []
    for other in _pids():
        stat = _stat(other)
        if stat and stat[1] == str(pid) and stat[0] not in "ZX":
            found.append((int(stat[19]), other))
    return [other for _, other in sorted(found)]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    """State, parent and so on; nothing if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _has_mark(pid: int, mark: str) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}={mark}".encode() in environment.split(b"\0") and is_alive(pid)
