"""Durations and moments as people write them, as numbers that the server understands."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from workhorse.exceptions import TimeoutFormatError

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"\s*([+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([smhdSMHD]?)\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def seconds(value: float | str | timedelta, *, what: str) -> float:
    """A duration in seconds.

    A negative number stays one, since -1 means "never" to RQ's options; whether it makes
    sense is for the caller to say.

    Args:
        value: A number of seconds, a timedelta, or text such as '90', '90s', '3m', '1.5h', '2d'.
        what: The name of the option, for the error.

    Raises:
        TimeoutFormatError: It is none of these, or not finite.
    """
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        if match:
            return float(match[1]) * _UNITS[match[2].lower()]
    elif isinstance(value, timedelta):
        return value.total_seconds()
    elif not isinstance(value, bool):
        number = _number(value)
        if math.isfinite(number):
            return number
    raise TimeoutFormatError(
        f"{what}: cannot read {_short(value)} as a duration; "
        f"give a number of seconds, or text such as '90s', '3m', '1h' or '2d'"
    )


def _number(value: object) -> float:
    """The value as a float, infinite if it is none."""
    try:
        return float(value) if isinstance(value, int | float) else math.inf
    except OverflowError:
        return math.inf


def due_ms(when: datetime) -> int:
    """A moment in milliseconds since 1970, rounded up: nothing is due too early.

    Args:
        when: An aware datetime, or a naive one, which is local time by its date's rules.

    Raises:
        TypeError: *when* is not a datetime.
    """
    if not isinstance(when, datetime):
        raise TypeError(
            f"{_short(when)} is not a datetime; for a time from now use enqueue_in(timedelta(...))"
        )
    return -((_EPOCH - when.astimezone(UTC)) // _MS)


def delay_ms(delay: timedelta) -> int:
    """A delay in milliseconds, rounded up; negative if it is in the past.

    Raises:
        TypeError: *delay* is not a timedelta.
    """
    if not isinstance(delay, timedelta):
        raise TypeError(
            f"{_short(delay)} is not a timedelta; write timedelta(seconds=...), "
            f"or use enqueue_at(datetime) for a point in time"
        )
    return -(-delay // _MS)


def _short(value: object) -> str:
    """What a value looks like, for an error."""
    try:
        return f"{value!r:.100}"
    except Exception:  # noqa: BLE001 - a repr may raise anything, and the error comes first
        return f"a {type(value).__name__}"
