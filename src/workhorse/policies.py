"""When a job runs again: one that has failed, or one that has finished."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import lru_cache
from typing import Any

Interval = float | timedelta
"""One pause: seconds, or a timedelta."""
Failures = type[BaseException] | str | Iterable[type[BaseException] | str]
"""Exceptions: a class or its dotted name, or several."""

LONGEST_DELAY = 365 * 86_400.0
"""The cap on a growing delay that has no `max_interval`, seconds."""


@dataclass(frozen=True, init=False, repr=False)
class Retry:
    """How often, when, and after which errors a failed job runs again.

    Attributes:
        max: How many times it runs again, from 1; the first run does not count.
        interval: The pauses before the first, second, ... retry, seconds; the last repeats.
        backoff: What the last pause is multiplied by at each further retry, or None.
        max_interval: The cap on a pause that grows, seconds; None for a year.
        jitter: By which fraction a pause is spread, either way.
        on: Dotted names of the exceptions that are retried; empty for all.
        never: Dotted names of the exceptions that are not.
        enqueue_at_front: Whether a retry goes to the head of its queue.
    """

    max: int
    interval: tuple[float, ...]
    backoff: float | None
    max_interval: float | None
    jitter: float
    on: tuple[str, ...]
    never: tuple[str, ...]
    enqueue_at_front: bool

    def __init__(  # noqa: PLR0913 - the options of a policy; a record of them is this class
        self,
        max: int,  # noqa: A002 - RQ's name
        interval: Interval | Sequence[Interval] = 0,
        *,
        backoff: float | None = None,
        max_interval: Interval | None = None,
        jitter: float = 0.0,
        on: Failures | None = None,
        never: Failures | None = None,
        enqueue_at_front: bool = False,
    ) -> None:
        """Check the policy.

        Raises:
            ValueError: A value makes no sense; nothing is guessed.
        """
        if on is not None and not (on := _failures("on", on)):
            raise ValueError("Retry(on=[]) would retry nothing; leave `on` out to retry all errors")
        checked = {
            "max": _count("max", max),
            "interval": _intervals(interval),
            "backoff": None if backoff is None else _number("backoff", backoff, least=1),
            "max_interval": None if max_interval is None else _pause("max_interval", max_interval),
            "jitter": _number("jitter", jitter, most=1),
            "on": on or (),
            "never": () if never is None else _failures("never", never),
            "enqueue_at_front": bool(enqueue_at_front),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if backoff is not None and not self.interval[-1]:
            raise ValueError(
                "Retry(backoff=...) multiplies the last interval, which is 0: give interval=1"
            )

    def __repr__(self) -> str:
        options = {"max": self.max, **_chosen(self)}
        return f"Retry({', '.join(f'{name}={value!r}' for name, value in options.items())})"

    def delay_after(self, retries_done: int, *, chance: float) -> float | None:
        """The pause before the next retry, seconds, or None when they are used up.

        Args:
            retries_done: How many retries the job has had.
            chance: A random number in [0, 1); 0.5 gives the pause without jitter.
        """
        if retries_done >= self.max:
            return None
        last = len(self.interval) - 1
        delay = self.interval[min(retries_done, last)]
        if self.backoff is not None and retries_done > last:
            delay = _grown(delay, self.backoff, retries_done - last)
            delay = min(delay, LONGEST_DELAY if self.max_interval is None else self.max_interval)
        # After the cap: jobs that have all reached it must not come back at once.
        return delay * (1 + self.jitter * (2 * chance - 1))

    def applies_to(self, names: Sequence[str]) -> bool:
        """Whether an exception is retried.

        Args:
            names: The dotted names of its class and all its bases, as by `exception_names`.
        """
        if not self.never and not self.on:
            return True
        known = {_dotted(name) for name in names}
        if known.intersection(self.never):
            return False
        return not self.on or bool(known.intersection(self.on))

    def to_text(self) -> str:
        """This policy as compact JSON, for `from_text`."""
        return _to_text(self)

    @staticmethod
    def from_text(text: str) -> Retry:
        """The policy that `to_text` wrote.

        Raises:
            ValueError: No `to_text` wrote this.
        """
        return _from_text(text)


@dataclass(frozen=True, init=False)
class Repeat:
    """How often, and how long after it was last due, a job that has finished runs again.

    Attributes:
        times: How many times it runs again, from 1; the first run does not count.
        interval: The pauses before the second, third, ... run, seconds; the last repeats.
    """

    times: int
    interval: tuple[float, ...]

    def __init__(self, times: int, interval: Interval | Sequence[Interval] = 0) -> None:
        """Check the policy.

        Raises:
            ValueError: A value makes no sense.
        """
        object.__setattr__(self, "times", _count("times", times, "Repeat"))
        object.__setattr__(self, "interval", _intervals(interval, "Repeat"))

    def pause_after(self, repeats_done: int) -> float | None:
        """The pause before the next run, seconds, or None when they are used up."""
        if repeats_done >= self.times:
            return None
        return self.interval[min(repeats_done, len(self.interval) - 1)]

    def to_text(self) -> str:
        """This policy as compact JSON, for `from_text`."""
        pauses = [_compact(pause) for pause in self.interval]
        return json.dumps({"times": self.times, "interval": pauses}, separators=(",", ":"))

    @staticmethod
    def from_text(text: str) -> Repeat:
        """The policy that `to_text` wrote.

        Raises:
            ValueError: No `to_text` wrote this.
        """
        try:
            return Repeat(**json.loads(text))
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"not the text of a Repeat: {text!r:.100} ({error!s:.200})") from error


@lru_cache(maxsize=256)
def _to_text(retry: Retry) -> str:
    """Cached: one policy is written with every job that has it."""
    options = {"max": retry.max, **_chosen(retry)}
    if "interval" in options:
        options["interval"] = [_compact(pause) for pause in retry.interval]
    return json.dumps(options, separators=(",", ":"))


@lru_cache(maxsize=256)
def _from_text(text: str) -> Retry:
    try:
        options = json.loads(text)
        return Retry(**options)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not the text of a Retry: {text!r:.100} ({error!s:.200})") from error


_DEFAULTS: Mapping[str, Any] = {
    "interval": (0.0,),
    "backoff": None,
    "max_interval": None,
    "jitter": 0.0,
    "on": (),
    "never": (),
    "enqueue_at_front": False,
}


def _chosen(retry: Retry) -> dict[str, Any]:
    """The options that differ from their defaults."""
    options = {field.name: getattr(retry, field.name) for field in fields(retry)}
    return {name: options[name] for name, value in _DEFAULTS.items() if options[name] != value}


def _compact(pause: float) -> float:
    """A whole number of seconds as an int, which is written shorter."""
    return int(pause) if pause.is_integer() else pause


def _grown(delay: float, backoff: float, times: int) -> float:
    try:
        return delay * backoff**times
    except OverflowError:
        return math.inf


def _count(what: str, value: object, of: str = "Retry") -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"{of}({what}={value!r:.100}): give a whole number from 1")


def _number(
    what: str,
    value: object,
    *,
    least: float = 0,
    most: float = LONGEST_DELAY * 100,
    of: str = "Retry",
) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{of}({what}={value!r:.100}): give a number")  # noqa: TRY004 - as all others
    if not least <= value <= most:  # false for nan as well
        raise ValueError(f"{of}({what}={value!r:.100}): give a number from {least} to {most:g}")
    return float(value)


def _pause(what: str, value: object, of: str = "Retry") -> float:
    return _number(what, value.total_seconds() if isinstance(value, timedelta) else value, of=of)


def _intervals(value: object, of: str = "Retry") -> tuple[float, ...]:
    if isinstance(value, str | bytes | int | float | timedelta):
        return (_pause("interval", value, of),)
    if not isinstance(value, Iterable):
        raise ValueError(f"{of}(interval={value!r:.100}): give seconds, or a list of them")  # noqa: TRY004 - as all others
    pauses = tuple(_pause("interval", pause, of) for pause in value)
    if not pauses:
        raise ValueError(f"{of}(interval=[]): give at least one pause, or leave it out")
    return pauses


def _failures(what: str, given: Failures) -> tuple[str, ...]:
    several: object = [given] if isinstance(given, str | type) else given
    if not isinstance(several, Iterable):
        raise ValueError(f"Retry({what}={given!r:.100}): give exceptions or their dotted names")  # noqa: TRY004 - as all others
    return tuple(_failure(what, one) for one in several)


def _failure(what: str, given: object) -> str:
    if isinstance(given, type) and issubclass(given, BaseException):
        return f"{given.__module__}.{given.__qualname__}"
    if isinstance(given, str) and all(part.isidentifier() for part in given.split(".")):
        return _dotted(given)
    raise ValueError(
        f"Retry({what}={given!r:.100}): give exception classes, or dotted names of them"
    )


def _dotted(name: str) -> str:
    return name if "." in name else f"builtins.{name}"
