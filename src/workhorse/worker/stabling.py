"""The supervisor's side of its stable."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from workhorse.exceptions import WorkhorseError
from workhorse.worker.handoff import KIND
from workhorse.worker.marks import Marks
from workhorse.worker.stable import RECEIVE, Orders

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from workhorse.worker.stable import main; main()"
)
Heard = Callable[[dict[str, Any]], None]


class Stabling:
    """Starts the stable and talks with it.

    Each thing it says goes to `heard`: `ready`, `forked` (number, pid, or why not), `ended`
    (number, status, peak memory in kB), `unimportable` (module, text), and `died` when the
    stable itself has ended.

    Attributes:
        marks: Whose step each horse is at.
    """

    def __init__(self, orders: Orders, heard: Heard) -> None:
        self.marks = Marks()
        self._orders = orders
        self._heard = heard
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it says `ready` when the user's modules are imported."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, KIND)
        ours.setblocking(False)
        try:
            orders = pickle.dumps(self._orders)
        except Exception as error:
            raise WorkhorseError(
                f"the worker's settings cannot reach its horses: {error}"
            ) from error
        path = [*self._orders.path, *sys.path]
        words = [str(number) for number in (theirs.fileno(), os.getpid(), self.marks.fd)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-c", _BOOT, *words, json.dumps(path)],
            pass_fds=[theirs.fileno(), self.marks.fd],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        ours.send(orders)
        self._control = ours
        asyncio.get_running_loop().add_reader(ours, self._listen)

    def fork(self, number: int, place: int, jobs: socket.socket, reports: socket.socket) -> bool:
        """Ask for a horse with these ends of the hand-off; False: ask again later.

        Args:
            number: What it is called between here and the stable.
            place: Where its mark is.
            jobs: Where it gets jobs from.
            reports: Where its reports go.
        """
        order = {"do": "fork", "number": number, "place": place}
        return self._say(order, [jobs.fileno(), reports.fileno()])

    def preload(self, modules: list[str]) -> None:
        """Have later horses find these modules imported."""
        self._say({"do": "import", "modules": modules}, [])

    def stop(self) -> None:
        """End the stable, and with it all horses."""
        self._close()
        self.marks.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=1)
                return
            self._process.kill()
            self._process.wait()

    def _say(self, order: dict[str, Any], fds: list[int]) -> bool:
        if self._control is None:
            return False
        try:
            socket.send_fds(self._control, [json.dumps(order).encode()], fds)
        except BlockingIOError:
            return False
        except OSError:
            return False
        return True

    def _listen(self) -> None:
        while self._control is not None:
            try:
                raw = self._control.recv(RECEIVE)
            except BlockingIOError:
                return
            except OSError:
                raw = b""
            if not raw:
                self._close()
                if self._process is not None:
                    self._process.kill()
                    self._process.wait()
                self._heard({"what": "died"})
                return
            self._heard(json.loads(raw))

    def _close(self) -> None:
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
            self._control = None
