"""What a worker is told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from workhorse.defaults import MAX_CRASHES

ISOLATIONS = ("warm", "fork", "spawn", "thread", "inline")
COROUTINES = 100
"""How many coroutines a horse runs at a time, unless it is told."""
THREADS = 10
"""How many jobs a horse runs on threads at a time, unless it is told."""
LOOPS = ("asyncio", "uvloop")
STRATEGIES = ("default", "round_robin", "random")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What a worker is told; see `Worker` for what each means.

    Attributes:
        concurrency: How many jobs a horse runs at a time of those that can; None: as many as
            usual.
        lease: Seconds.
        grace: Seconds a stopping worker waits for what runs, or None for as long as it takes.
        max_horse_memory: Bytes, or None.
        max_idle_time: Seconds, or None.
        handlers: The names of its exception handlers.
        killed: The names of its handlers for horses that were killed.
        failure_ttl: Seconds that failed jobs are kept that do not say; None: a year.
        logging: How jobs log: a pickled dictionary for `logging.config.dictConfig`, or None.
    """

    name: str
    queues: tuple[str, ...]
    isolation: str = "warm"
    horses: int = 1
    concurrency: int | None = None
    burst: bool = False
    max_jobs: int | None = None
    max_idle_time: float | None = None
    lease: float = 15.0
    grace: float | None = None
    max_crashes: int = MAX_CRASHES
    max_horse_jobs: int | None = None
    max_horse_memory: int | None = None
    strategy: str = "default"
    result_ttl: int | None = None
    preload: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    serializer: object = None
    allow: tuple[str, ...] = ()
    allow_classes: tuple[str, ...] = ()
    log_descriptions: bool = True
    handlers: tuple[str, ...] = ()
    killed: tuple[str, ...] = ()
    failure_ttl: int | None = None
    logging: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot work, with a sentence that says what can."""
        check_loop(os.environ.get("WORKHORSE_LOOP", ""))
        _one_of("isolation", self.isolation, ISOLATIONS)
        _one_of("strategy", self.strategy, STRATEGIES)
        if not self.queues:
            raise ValueError("a worker needs at least one queue, such as 'default'")
        for what, value, least in (
            ("horses", self.horses, 1),
            ("concurrency", self.concurrency, 1),
            ("lease", self.lease, 1),
            ("max_jobs", self.max_jobs, 1),
            ("max_horse_jobs", self.max_horse_jobs, 1),
            ("max_horse_memory", self.max_horse_memory, MEBIBYTE),
            ("max_idle_time", self.max_idle_time, 0),
            ("grace", self.grace, 0),
            ("max_crashes", self.max_crashes, 0),
        ):
            if value is not None and value < least:
                raise ValueError(f"{what} is {value}; it must be at least {least}")

    def with_changes(self, **changes: Any) -> Settings:  # noqa: ANN401 - fields of this class
        """The same settings but for these."""
        return replace(self, **changes)

    @property
    def needed(self) -> tuple[str, ...]:
        """The functions without which it does not begin to work."""
        return (*self.handlers, *self.killed)

    @property
    def once(self) -> bool:
        """Whether a horse runs one job only."""
        return self.isolation in {"fork", "spawn"}

    @property
    def lanes(self) -> int:
        """How many jobs a horse runs at a time of those that can."""
        if self.once or self.isolation == "inline":
            return 1
        if self.concurrency is not None:
            return self.concurrency
        return THREADS if self.isolation == "thread" else COROUTINES

    @property
    def lease_ms(self) -> int:
        """The lease in milliseconds."""
        return round(self.lease * 1000)

    @property
    def alive_ms(self) -> int:
        """How long after its last heartbeat the worker counts as alive."""
        return self.lease_ms * 2


def check_loop(name: str) -> None:
    """Refuse what `WORKHORSE_LOOP` may not say: which event loop jobs run in; '' leaves it open.

    Raises:
        ValueError: There is none of that name, or it is not installed.
    """
    if name:
        _one_of("WORKHORSE_LOOP", name, LOOPS)
    if name == "uvloop" and find_spec(name) is None:
        raise ValueError(
            "WORKHORSE_LOOP is 'uvloop', which is not installed: pip install 'workhorse[uvloop]'"
        )


def horses_wanted(value: int | str) -> int:
    """A number of horses from a number or `auto`: one for each processor that may be used."""
    if value == "auto":
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"horses is {value!r}; it must be a number or 'auto'") from None


def _one_of(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{what} is {value!r}; it must be one of {', '.join(choices)}")
