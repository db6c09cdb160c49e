"""Functions for jobs; nothing here needs more than Python, for RQ's tools have no pytest."""

from __future__ import annotations

import threading
from pathlib import Path


def add(a: int, b: int) -> int:
    return a + b


def nothing() -> None:
    return None


def fail(text: str = "no luck") -> None:
    raise ValueError(text)


def stay(until: str) -> str:
    """Run until a file is there."""
    never = threading.Event()
    while not Path(until).exists():
        never.wait(0.01)
    return "gone"
