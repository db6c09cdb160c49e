"""Records when a process passes through functions of Workhorse that a page names.

A function counts when it first calls another one of them, by whatever way, or if it never does,
when it begins: what waits for a job in a loop has begun long before.

It is imported at the start of every process of a worker, so it imports next to nothing.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import NamedTuple


class Passed(NamedTuple):
    """One function that a process passed through, and when, microseconds since 1970."""

    at: int
    process: int
    place: str


class Recorder:
    """Writes what this process and its children pass through into a file.

    Args:
        path: The file.
        places: End of a file's path, colon, qualified name of a function.
    """

    def __init__(self, path: str, places: list[str]) -> None:
        self._path = path
        self._names = {place.rpartition(":")[2]: place for place in places}
        self._frames: list[tuple[FrameType, str]] = []

    def start(self) -> None:
        """Begin, in this thread."""
        sys.setprofile(self._profile)

    def stop(self) -> None:
        """End."""
        sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or (place := self._place(frame)) is None:
            return
        if any(known is frame for known, _ in self._frames):
            return  # a generator or coroutine goes on
        caller = frame.f_back
        while caller is not None:
            if (other := self._place(caller)) is not None:
                self._write("calls", caller, other)
                break
            caller = caller.f_back
        self._write("begins", frame, place)

    def _place(self, frame: FrameType) -> str | None:
        place = self._names.get(frame.f_code.co_qualname)
        file = place.rpartition(":")[0] if place else ""
        return place if file and frame.f_code.co_filename.endswith(f"/{file}") else None

    def _write(self, what: str, frame: FrameType, place: str) -> None:
        number = next((n for n, (known, _) in enumerate(self._frames) if known is frame), -1)
        if number < 0:
            number = len(self._frames)
            self._frames.append((frame, place))
        line = json.dumps([time.time_ns() // 1000, os.getpid(), number, what, place])
        out = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(out, f"{line}\n".encode())
        os.close(out)


def read(path: str) -> Iterator[Passed]:
    """What was recorded, each function at the moment that counts."""
    found: dict[tuple[int, int], Passed] = {}
    handed: set[tuple[int, int]] = set()
    with open(path, encoding="utf-8") as lines:  # noqa: PTH123 - see above: next to no imports
        for line in lines:
            at, process, number, what, place = json.loads(line)
            key = (process, number)
            if key not in found or (what == "calls" and key not in handed):
                found[key] = Passed(at, process, place)
            if what == "calls":
                handed.add(key)
    yield from sorted(found.values())
