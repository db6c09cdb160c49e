"""Functions that RQ's producers enqueue, and that workers of both can import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path


def add(a: int, b: int = 0) -> int:
    return a + b


def echo(*args: object, **kwargs: object) -> tuple[tuple[object, ...], dict[str, object]]:
    return args, kwargs


def boom(text: str = "no") -> None:
    raise ValueError(text)


def note(folder: str, name: str) -> str:
    """Leave one line behind for each time that it ran."""
    with (Path(folder) / name).open("a") as file:
        file.write(f"{datetime.now(UTC).isoformat()}\n")
    return name


def mark(folder: str, name: str) -> str:
    """Add a line to the one file of all."""
    with (Path(folder) / "ran").open("a") as file:
        file.write(f"{name}\n")
    return name


def note_and_fail(folder: str, name: str) -> None:
    note(folder, name)
    raise ValueError(name)


def ask_for_another() -> object:
    """What a job of RQ returns to be run again."""
    from rq import Retry  # noqa: PLC0415 - only there

    return Retry(max=5)


def hold(folder: str, name: str) -> str:
    """Say that it runs, and go on when somebody opens the pipe of its name."""
    pipe = Path(folder) / f"{name}.pipe"
    os.mkfifo(pipe)
    note(folder, name)
    with pipe.open("rb") as opened:
        opened.read()
    return name


def let_go(folder: str, name: str) -> None:
    """Let `hold` go on."""
    os.close(os.open(Path(folder) / f"{name}.pipe", os.O_WRONLY))


def succeeded(job: object, connection: object, result: object) -> None:
    """A callback."""


def failed(job: object, connection: object, kind: object, value: object, tb: object) -> None:
    """Another."""


@dataclass
class Order:
    """A value of a class of the user's."""

    number: int
    items: list[str]

    def total(self, more: int = 0) -> int:
        return self.number + len(self.items) + more


class Colour(Enum):
    """An enumeration of the user's."""

    RED = 1
