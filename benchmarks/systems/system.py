"""What the benchmark must know of a system: how to install it, and what to start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Command = Callable[[str, str], list[str]]
"""Interpreter, server's URL -> the words that start a worker which ends when all is done."""


@dataclass(frozen=True)
class Variant:
    """One way to work.

    Attributes:
        burst: Starts a worker that ends when the queue is empty.
        steady: Starts one that goes on.
        against: The variant of the system to beat that this one is compared with.
    """

    burst: Command
    steady: Command
    against: str


@dataclass(frozen=True)
class System:
    """One job queue.

    Attributes:
        name: As in the report.
        distribution: What is asked for its version.
        requirements: Installed into an environment of its own; nothing: it is this project.
        client: The module that is its client program (see `serving`).
        ways: How it can enqueue, out of `one`, `many` and `async`.
        variants: How its workers can work.
    """

    name: str
    distribution: str
    requirements: tuple[str, ...]
    client: str
    ways: tuple[str, ...]
    variants: Mapping[str, Variant]
