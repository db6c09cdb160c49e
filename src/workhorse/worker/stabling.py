"""The supervisor's side of its stable."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
import socket
from collections.abc import Callable
from typing import Any

from workhorse.exceptions import WorkhorseError
from workhorse.worker.launch import Launched, launch
from workhorse.worker.marks import Marks
from workhorse.worker.orders import ORDER, RECEIVE, Orders

Heard = Callable[[dict[str, Any]], None]


class Stabling:
    """Gives the stable its orders and talks with it.

    Each thing it says goes to `heard`: `ready`, `forked` (number, pid, or why not), `ended`
    (number, status, peak memory in kB), `unimportable` (module, text), and `died` when the
    stable itself has ended.

    Args:
        orders: What the stable is told.
        heard: Called with what it says.
        launched: A stable that waits for its orders; None: it is started with them.

    Attributes:
        marks: Whose step each horse is at.
    """

    def __init__(self, orders: Orders, heard: Heard, launched: Launched | None = None) -> None:
        self.marks = Marks()
        self._orders = orders
        self._heard = heard
        self._launched = launched
        self._control: socket.socket | None = None
        self._known = set(orders.preload)
        self._told: list[str] = []
        self._proven = 0
        # How much had been told before a horse was asked for, by the horse's number.
        self._asked: dict[int, int] = {}

    def start(self) -> None:
        """Give the orders; it says `ready` when the user's modules are imported.

        Raises:
            WorkhorseError: The orders cannot be sent.
        """
        try:
            orders = pickle.dumps(self._orders)
        except Exception as error:
            raise WorkhorseError(
                f"the worker's settings cannot reach its horses: {error}"
            ) from error
        if self._launched is None:
            self._launched = launch(self._orders.path)
        control = self._launched.control
        control.setblocking(False)
        with contextlib.suppress(OSError):  # it has died already, which is heard below
            socket.send_fds(control, [orders], [self.marks.fd])
        self._control = control
        asyncio.get_running_loop().add_reader(control, self._listen)

    def fork(self, number: int, place: int, jobs: socket.socket, reports: socket.socket) -> bool:
        """Ask for a horse with these ends of the hand-off; False: ask again later.

        Args:
            number: What it is called between here and the stable.
            place: Where its mark is.
            jobs: Where it gets jobs from.
            reports: Where its reports go.
        """
        asked = self._say(b"%d %d" % (number, place), [jobs.fileno(), reports.fileno()])
        if asked:
            self._asked[number] = len(self._told)
        return asked

    def learn(self, names: list[str]) -> None:
        """Have later horses find these modules imported, or functions resolved: what jobs use."""
        for name in names:
            word = name.encode("utf-8", "replace")
            if name and name not in self._known and len(word) <= ORDER and self._say(word, []):
                self._known.add(name)
                self._told.append(name)

    def stop(self) -> None:
        """End the stable, and with it all horses."""
        self._deafen()
        self.marks.close()
        if self._launched is not None:
            self._launched.end()
            self._launched = None

    def _say(self, order: bytes, fds: list[int]) -> bool:
        if self._control is None:
            return False
        try:
            socket.send_fds(self._control, [order], fds)
        except OSError:  # full, or it has died, which is heard elsewhere
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
                self._lost()
                return
            news = json.loads(raw.decode())
            if news["what"] == "forked":
                # It has outlived all that it was told before it was asked for this.
                self._proven = max(self._proven, self._asked.pop(news["number"], 0))
            self._heard(news)

    def _lost(self) -> None:
        self._deafen()
        # The next one is told what has done this one no harm, when horses have to do it again.
        self._known.difference_update(self._told[: self._proven])
        self._told.clear()
        self._asked.clear()
        self._proven = 0
        if self._launched is not None:
            self._launched.process.kill()
            self._launched.end()
            self._launched = None
        self._heard({"what": "died"})

    def _deafen(self) -> None:
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control = None
