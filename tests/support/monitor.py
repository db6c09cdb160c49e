"""What a server is asked, command by command: MONITOR for tests that count."""

from __future__ import annotations

import contextlib
import os
import re
from typing import NamedTuple, Self

from workhorse.connection import Connection
from workhorse.links import Link

_LINE = re.compile(r"(?P<time>[\d.]+) \[\d+ (?P<client>\S+)\] (?P<words>.*)", re.DOTALL)
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Asked(NamedTuple):
    """One command as MONITOR shows it; its words are escaped as there.

    Attributes:
        at: When the server began it, microseconds since 1970.
    """

    words: list[str]
    at: int

    @property
    def name(self) -> str:
        """The command's name, in upper case."""
        return self.words[0].upper()


class Monitor:
    """Listens to a server while the block lasts.

    Attributes:
        asked: After the block: what clients asked, in order, without what scripts did.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._mark = os.urandom(8).hex()
        self.asked: list[Asked] = []

    def __enter__(self) -> Self:
        self._link: Link = self._connection.dedicated()
        self._link.call(("MONITOR",))
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._read_all()
        finally:
            self._link.close()

    def _read_all(self) -> None:
        """Read up to a mark that we set ourselves."""
        with contextlib.closing(self._connection.dedicated()) as link:
            link.call(("ECHO", self._mark))
        while True:
            line: bytes = self._link.exchange(b"", 1)[0]
            match = _LINE.fullmatch(line.decode("utf-8", "replace"))
            assert match, line
            words = _WORD.findall(match["words"])
            if self._mark in words:
                return
            if match["client"] != "lua":
                self.asked.append(Asked(words, int(match["time"].replace(".", ""))))
