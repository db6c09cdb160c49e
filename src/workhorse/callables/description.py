"""A call as one line for people, made by the producer and shown everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

WIDTH = 75
"""Where the repr of one argument is cut."""
LENGTH = 1000
"""The longest description."""

_BRACKETS: Mapping[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}
_CUT = frozenset({str, bytes, bytearray})
_SHORT = frozenset({float, bool, type(None)})
_LARGE = 10**60
"""Integers beyond it may have any length."""


def describe(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """The call as `module.f(1, key='x')`.

    It is one line without control characters, at most 1000 characters, and each argument
    is cut at 75. It never raises, and does not take long for large arguments.
    """
    parts = [repr(value) if type(value) in _SHORT else _argument(value) for value in args]
    for key, value in kwargs.items():
        if len(parts) * 3 > LENGTH:
            break
        parts.append(f"{key}={_argument(value)}")
    text = f"{name}({', '.join(parts)})"
    if len(text) > LENGTH:
        text = text[: LENGTH - 1] + "…"
    return text if text.isprintable() else _escape(text)


def _argument(value: Any) -> str:  # noqa: ANN401 - anything
    kind = type(value)
    if kind is str and len(value) < WIDTH:
        text = repr(value)
    elif kind in _SHORT or (kind is int and -_LARGE < value < _LARGE):
        return repr(value)
    else:
        text = _repr(value, WIDTH + 4)  # so that what was left out is always cut visibly
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _repr(value: Any, room: int) -> str:  # noqa: ANN401 - anything
    """The beginning of the value's repr, at least *room* characters if it has them."""
    try:
        if room <= 0:
            return "…"
        kind = type(value)
        if kind in _CUT:
            return repr(value[: room + 1])
        if kind is dict:
            return "{" + _join(value.items(), room - 1, _pair) + "}"
        if kind in _BRACKETS and value:
            return _sequence(value, room - 1)
        return repr(value)
    except Exception:  # noqa: BLE001 - a repr may raise anything, and this is only for show
        return f"<{type(value).__name__}>"


def _sequence(value: Iterable[object], room: int) -> str:
    before, after = _BRACKETS[type(value)]
    inner = _join(value, room, _repr)
    if type(value) is tuple and len(value) == 1:
        inner += ","
    return f"{before}{inner}{after}"


def _pair(item: Any, room: int) -> str:  # noqa: ANN401 - an item of a dict of anything
    key, value = item
    return f"{_repr(key, room)}: {_repr(value, room)}"


def _join(values: Iterable[object], room: int, show: Callable[[object, int], str]) -> str:
    """The first of the values, until the room is used up."""
    shown: list[str] = []
    for value in islice(values, room):
        text = show(value, room)
        shown.append(text)
        room -= len(text) + 2
        if room <= 0:
            break
    return ", ".join(shown)


def _escape(text: str) -> str:
    """Control characters, line ends, lone surrogates and the like as Python escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )[:LENGTH]
