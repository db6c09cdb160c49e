"""The closed list of calls that a payload of `Values` may ask for.

Their names are part of the format. Each checks the types of what it gets, and none does more
work than its arguments are long: `Fraction("1e999999999")` and `deque(range(10**12))` are calls
that a plain unpickler would make. None returns a class or a function.
"""

from __future__ import annotations

import copyreg
import ipaddress
import pathlib
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from workhorse.exceptions import RefusedPayload
from workhorse.serializers.classes import AllowedClasses

T = TypeVar("T")

NATIVE: tuple[type, ...] = (
    date,
    datetime,
    time,
    timedelta,
    timezone,
    Decimal,
    complex,
    range,
    slice,
)
"""Written as pickle does it: calls of classes in C that cannot be changed and do no harm."""

FACTORIES: dict[str, type] = {
    kind.__name__: kind
    for kind in (bool, bytes, complex, dict, float, frozenset, int, list, set, str, tuple, deque)
} | {"Counter": Counter, "OrderedDict": OrderedDict, "Decimal": Decimal}
"""What a defaultdict may make without a class being allowed."""

PATHS: dict[str, type[pathlib.PurePath]] = {
    kind.__name__: kind
    for kind in (
        pathlib.PosixPath,
        pathlib.WindowsPath,
        pathlib.PurePosixPath,
        pathlib.PureWindowsPath,
    )
}

ADDRESSES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        ipaddress.IPv4Address,
        ipaddress.IPv4Interface,
        ipaddress.IPv4Network,
        ipaddress.IPv6Address,
        ipaddress.IPv6Interface,
        ipaddress.IPv6Network,
    )
}

LONGEST_TEXT = 64 * 1024
"""No path, address or zone has a longer one."""
MOST_BITS = 100_000
"""A fraction of longer numbers is refused: the time to reduce it grows with their square."""


def ordered() -> OrderedDict[Any, Any]:
    """An `OrderedDict`, to be filled."""
    return OrderedDict()


def counter() -> Counter[Any]:
    """A `Counter`, to be filled."""
    return Counter()


def ring(maxlen: int | None) -> deque[Any]:
    """A `deque`, to be filled."""
    return deque(maxlen=None if maxlen is None else _exactly(int, maxlen))


def uuid(data: bytes) -> UUID:
    """A `UUID`."""
    return UUID(bytes=_exactly(bytes, data))


def fraction(numerator: int, denominator: int) -> Fraction:
    """A `Fraction`."""
    if (
        max(_exactly(int, numerator).bit_length(), _exactly(int, denominator).bit_length())
        > MOST_BITS
    ):
        raise RefusedPayload("the payload has a fraction whose reduction would take very long")
    return Fraction(numerator, denominator)


def path(kind: str, text: str) -> pathlib.PurePath:
    """A path; it is not looked at."""
    return PATHS[_text(kind)](_text(text))


def address(kind: str, text: str) -> object:
    """An IP address, interface or network."""
    return ADDRESSES[_text(kind)](_text(text))


def zone(key: str) -> ZoneInfo:
    """A time zone by its name; `ZoneInfo` refuses names that lead out of its folders."""
    return ZoneInfo(_text(key))


def default(classes: AllowedClasses, factory: object) -> defaultdict[Any, Any]:
    """A `defaultdict`, to be filled; its factory is one of `FACTORIES` or an allowed class."""
    if factory is None:
        return defaultdict()
    if isinstance(factory, str):
        return defaultdict(FACTORIES[factory])
    return defaultdict(classes.find(factory))


def member(classes: AllowedClasses, name: object, key: str) -> object:
    """A member of an allowed enum by its name."""
    return _enum(classes, name).__members__[_text(key)]


def value(classes: AllowedClasses, name: object, of: object) -> object:
    """A member of an allowed enum by its value, such as a combination of flags."""
    return _enum(classes, name)(of)


def new(classes: AllowedClasses, name: object, *args: object) -> object:
    """An instance of an allowed class, `__init__` not called."""
    kind = _instantiable(classes, name)
    return kind.__new__(kind, *args)


def new_ex(
    classes: AllowedClasses, name: object, args: tuple[object, ...], kwargs: dict[str, object]
) -> object:
    """The same, for a class with `__getnewargs_ex__`."""
    kind = _instantiable(classes, name)
    return kind.__new__(kind, *_exactly(tuple, args), **_exactly(dict, kwargs))


def call(classes: AllowedClasses, name: object, *args: object) -> object:
    """An instance of an allowed class that asks to be called: it has its own `__reduce__`."""
    kind = _instantiable(classes, name)
    if not reduces_itself(kind):
        raise RefusedPayload(f"the payload calls {kind.__qualname__}, which no Workhorse writes")
    return kind(*args)


def state(classes: AllowedClasses, instance: object, given: object) -> None:
    """Give an instance of an allowed class its state, as pickle's BUILD does."""
    classes.check(instance)
    setter = getattr(instance, "__setstate__", None)
    if setter is not None:
        setter(given)
        return
    match given:
        case tuple((first, second)):
            attributes, slots = _mapping(first), _mapping(second)
        case _:
            attributes, slots = _mapping(given), {}
    if attributes:
        instance.__dict__.update(attributes)
    for name, part in slots.items():
        if _exactly(str, name).startswith("__"):
            raise RefusedPayload(f"the payload sets {name!r:.100}, which no Workhorse does")
        setattr(instance, name, part)


def reduces_itself(kind: Any) -> bool:  # noqa: ANN401 - a class
    """Whether a class has its own idea of how it is pickled."""
    return (
        kind.__reduce__ is not object.__reduce__
        or kind.__reduce_ex__ is not object.__reduce_ex__
        or kind in copyreg.dispatch_table
    )


def _instantiable(classes: AllowedClasses, name: object) -> type[Any]:
    kind = classes.find(name)
    if issubclass(kind, Enum):  # calling one can make a new enum
        raise RefusedPayload(f"the payload makes a {kind.__qualname__}, which no Workhorse does")
    return kind


def _enum(classes: AllowedClasses, name: object) -> type[Enum]:
    kind = classes.find(name)
    if issubclass(kind, Enum) and kind.__members__:
        return kind
    raise RefusedPayload(f"the payload takes {kind.__qualname__} for an enum, which it is not")


def _mapping(given: object) -> dict[Any, Any]:
    if given is None or type(given) is dict:
        return given or {}
    raise RefusedPayload(f"the payload gives a {type(given).__qualname__} for attributes")


def _text(given: str) -> str:
    if len(_exactly(str, given)) > LONGEST_TEXT:
        raise RefusedPayload("the payload has a name that is too long for one")
    return given


def _exactly(kind: type[T], given: T) -> T:
    if type(given) is kind:
        return given
    raise RefusedPayload(
        f"the payload gives a {type(given).__qualname__} for a {kind.__qualname__}, "
        f"which no Workhorse writes"
    )


CLOSED = (ordered, counter, ring, uuid, fraction, path, address, zone)
"""Builders of plain values."""
OPEN = (default, member, value, new, new_ex, call, state)
"""Builders that ask which classes are allowed."""
