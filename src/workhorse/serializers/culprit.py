"""Which part of a value is at fault when it cannot be encoded.

Searched only after an error, by encoding the parts one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from workhorse.exceptions import NotSerializable

Path = str | tuple[str, ...]
"""What a value is called in errors; or, for a tuple, what each of its elements is called.

An element that is called '' is a mapping of keyword arguments: its values go by their keys.
"""

ARGUMENTS: Path = ("instance", "args", "")
"""The path of a call's `(instance, args, kwargs)`."""

_DEEPEST = 50
_WIDEST = 10_000


class Unfit(Exception):  # noqa: N818 - reads as a sentence
    """An encoder refuses a value on purpose.

    Attributes:
        culprit: The value, if it is the one at fault and not a part of it.
        reason: Why, and what to do.
    """

    def __init__(self, culprit: object, reason: str) -> None:
        super().__init__(culprit, reason)
        self.culprit = culprit
        self.reason = reason


def not_serializable(
    encode: Callable[[object], object], value: object, path: Path, error: Exception
) -> NotSerializable:
    """The error for a value that *encode* failed on, naming the smallest part that fails."""
    if isinstance(path, tuple):
        where = "arguments"
        parts = zip(path, value, strict=True) if isinstance(value, tuple) else iter(())
    else:
        where = path
        parts = _parts(value, path)
    for _ in range(_DEEPEST):
        if isinstance(error, Unfit) and error.culprit is value:
            break
        for name, part in islice(parts, _WIDEST):
            failure = _failure(encode, part)
            if failure is not None:
                where, value, error = name, part, failure
                parts = _parts(part, name)
                break
        else:
            break
    return NotSerializable(where or "keyword arguments", _reason(error))


def _failure(encode: Callable[[object], object], value: object) -> Exception | None:
    try:
        encode(value)
    except Exception as error:  # noqa: BLE001 - encoding runs the value's own code
        return error
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, Unfit):
        return error.reason
    if isinstance(error, RecursionError):
        return "it is nested too deeply, or contains itself"
    try:
        text = str(error)[:300]
    except Exception:  # noqa: BLE001 - the error is as foreign as the value
        text = ""
    return text or f"encoding it raised {type(error).__name__}"


def _parts(value: object, path: str) -> Iterator[tuple[str, object]]:
    """What a value consists of, and what each part is called."""
    if isinstance(value, dict):
        for key, part in value.items():
            name = f"{path}[{_short(key)}]" if path else str(key)
            yield f"a key of {path or 'the keyword arguments'}", key
            yield name, part
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield f"{path}[{index}]", part
    elif isinstance(value, set | frozenset):
        for part in value:
            yield f"an element of {path}", part
    else:
        for name, part in _attributes(value).items():
            yield f"{path}.{name}", part


def _attributes(value: object) -> dict[str, object]:
    """The attributes of an instance, from its `__dict__` and its slots."""
    found: dict[str, object] = {}
    if isinstance(value, type):
        return found
    try:
        for kind in type(value).__mro__:
            slots = kind.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if hasattr(value, name):
                    found[name] = getattr(value, name)
        found.update(getattr(value, "__dict__", {}))
    except Exception:  # noqa: BLE001 - a property may raise anything; then it is not searched
        return found
    return found


def _short(key: object) -> str:
    try:
        return f"{key!r:.60}"
    except Exception:  # noqa: BLE001 - a repr may raise anything
        return f"<{type(key).__name__}>"
