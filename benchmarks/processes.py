"""The programs of the systems while they run: clients that obey, and workers."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from benchmarks.family import Family, adopt

_LAST_WORDS = 2000
_ANSWER_TIMEOUT = 240.0


class ProgramFailed(Exception):  # noqa: N818 - it says what happened
    """A client or worker ended as it should not, or is stuck; the text has the end of its log."""


class Client:
    """A client program; a context manager that ends it."""

    def __init__(self, command: Sequence[str], env: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            _kill(self._process.pid)
            self._process.wait()

    def ask(self, do: str, **words: Any) -> dict[str, Any]:
        """The answer to one order.

        Raises:
            ProgramFailed: It ended instead.
        """
        self.tell(do, **words)
        return self.answer()

    def tell(self, do: str, **words: Any) -> None:
        """Give an order whose answer is asked for later."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # answer() tells why
            self._process.stdin.write(json.dumps({"do": do, **words}).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The answer to the order that was given.

        Raises:
            ProgramFailed: It ended instead.
        """
        assert self._process.stdout is not None
        there, _, _ = select.select([self._process.stdout], [], [], _ANSWER_TIMEOUT)
        line = self._process.stdout.readline() if there else b""
        if not line:
            what = "ended" if there else "is stuck"
            raise ProgramFailed(f"the client {what}:\n{_end_of(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Worker:
    """A worker; a context manager that kills it, and what it has left, if it is still there.

    Attributes:
        started: When, on the monotonic clock, ns.
        cpu: Its processor time and that of its children, seconds, when it was last
            looked at, else at its end.
    """

    def __init__(self, command: Sequence[str], env: dict[str, str], log: Path) -> None:
        self._log = log
        self.cpu = 0.0
        self._status: int | None = None
        self.started = time.monotonic_ns()
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._family = Family(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def family(self) -> Family:
        """It and its children."""
        return self._family

    def look(self) -> float:
        """Its processor time up to now; also as `cpu`."""
        self.cpu = self._family.cpu()
        return self.cpu

    def kill(self) -> None:
        """End it, and what it has started, at once: what was to be measured is over."""
        children = self._family.members()
        _kill(self._process.pid)
        if self._poll() is None:
            self._ended(block=True)
        for pid in children[1:]:
            adopt(pid)

    def wait(self, done: Callable[[], bool], timeout: float) -> None:
        """Wait until it ends or something is *done*.

        Raises:
            ProgramFailed: It ended with an error, or neither happened in time.
        """
        deadline = time.monotonic() + timeout
        while self._poll() is None and not done():
            if time.monotonic() > deadline:
                raise ProgramFailed(f"the worker is stuck:\n{_end_of(self._log)}")
            time.sleep(0.005)
        if self._status:
            raise ProgramFailed(f"the worker ended with {self._status}:\n{_end_of(self._log)}")

    def _poll(self) -> int | None:
        return self._ended(block=False) if self._status is None else self._status

    def _ended(self, *, block: bool) -> int | None:
        # wait4 and not Popen.poll(): it tells what this very process and its children used.
        pid, status, usage = os.wait4(self._process.pid, 0 if block else os.WNOHANG)
        if pid:
            self._status = self._process.returncode = os.waitstatus_to_exitcode(status)
            self.cpu = self.cpu or usage.ru_utime + usage.ru_stime
        return self._status


def _kill(session: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-_LAST_WORDS:]
