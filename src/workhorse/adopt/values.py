"""Values of what a pickle says: plain ones, and instances of classes that are allowed by name."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any
from uuid import UUID

from workhorse.adopt.pickles import Made, name_of
from workhorse.exceptions import DeserializationError, RefusedPayload
from workhorse.serializers import builders
from workhorse.serializers.classes import AllowedClasses

_FRACTION = re.compile(r"-?[0-9]{1,30000}(?:/[0-9]{1,30000})?")
_CONTAINERS = (list, tuple, dict, set, frozenset)


class Maker:
    """Makes values of what one pickle says; parts that it names twice stay one.

    Args:
        classes: Which classes it makes instances of.
    """

    def __init__(self, classes: AllowedClasses) -> None:
        self._classes = classes
        self._made: dict[int, Any] = {}

    def make(self, said: Any) -> Any:  # noqa: ANN401 - any value
        """The value.

        Raises:
            RefusedPayload: It needs a class that is not allowed, or a call of something.
            DeserializationError: It cannot be made.
        """
        try:
            return self._value(said)
        except DeserializationError:
            raise
        except (Exception, SystemExit) as error:  # allowed classes run their own code
            raise DeserializationError(
                f"a value in it cannot be made: {type(error).__name__}: {error!s:.200}"
            ) from error

    def _value(self, said: Any) -> Any:  # noqa: ANN401 - any value
        if isinstance(said, type):
            raise RefusedPayload(f"it carries {_dotted(said)!r:.200} itself, a class or function")
        kind = type(said)
        if kind not in _CONTAINERS and not isinstance(said, Made):
            return said
        key = id(said)
        if key not in self._made:
            # What may contain itself is there before its parts are.
            if kind is list:
                found: list[Any] = []
                self._made[key] = found
                found.extend(map(self._value, said))
            elif kind is dict:
                entries: dict[Any, Any] = {}
                self._made[key] = entries
                entries.update((self._value(k), self._value(v)) for k, v in said.items())
            elif isinstance(said, Made):
                self._made[key] = self._instance(said)
            else:
                self._made[key] = kind(map(self._value, said))
        return self._made[key]

    def _instance(self, said: Made) -> Any:  # noqa: ANN401 - any value
        name = name_of(type(said))
        if name == ("builtins", "getattr"):
            return self._attribute(said)
        if name == ("collections", "defaultdict"):
            return self._filled(defaultdict(*map(self._factory, said.args[:1])), said)
        if said.how == "of":
            raise RefusedPayload("it calls what it has made, as only code does")
        args = tuple(map(self._value, said.args))
        plain = _PLAIN.get(name)
        if plain is not None:
            return self._filled(plain(args, self._state(said)), said)
        return self._allowed(said, name, args)

    def _allowed(self, said: Made, name: tuple[str, str], args: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any value
        if not self._classes.allows(*name):
            dotted = ".".join(name)
            raise RefusedPayload(
                f"it needs class {dotted!r:.200}, which is not allowed; give --allow-class "
                f"{dotted!r:.200}, here and to the workers, or --serializer pickle, which trusts "
                f"whoever can write to the server"
            )
        kind = self._classes.find(name)
        if said.how == "new":
            kwargs = {key: self._value(value) for key, value in said.kwargs.items()}
            made = builders.new_ex(self._classes, name, args, kwargs)
        elif kind in builders.NATIVE:
            made = kind(*args)
        elif hasattr(kind, "__members__"):
            made = builders.value(self._classes, name, *args)
        else:
            made = builders.call(self._classes, name, *args)
        self._filled(made, said)
        if said.has_state:
            builders.state(self._classes, made, self._value(said.state))
        return made

    def _state(self, said: Made) -> Mapping[str, Any]:
        state = self._value(said.state)
        return state if isinstance(state, dict) else {}

    def _filled(self, made: Any, said: Made) -> Any:  # noqa: ANN401 - any value
        self._made[id(said)] = made
        for element in said.elements:
            (made.append if hasattr(made, "append") else made.add)(self._value(element))
        for key, value in said.entries:
            made[self._value(key)] = self._value(value)
        return made

    def _attribute(self, said: Made) -> object:
        """A member of an enum, as Python 3.11 writes it, or a time zone."""
        match said.args:
            case (type() as kind, str(key)) if issubclass(kind, Made) and said.how == "call":
                return builders.member(self._classes, name_of(kind), key)
            case (Made(how="call", args=(type() as kind, "_unpickle")), str(key), _) if issubclass(
                kind, Made
            ) and name_of(kind) == ("zoneinfo", "ZoneInfo"):
                return builders.zone(key)
        raise RefusedPayload("it takes an attribute of something, as only code does")

    def _factory(self, said: object) -> Callable[[], Any] | None:
        if said is None:
            return None
        if isinstance(said, type) and issubclass(said, Made):
            module, name = name_of(said)
            if module in {"builtins", "collections", "decimal"} and name in builders.FACTORIES:
                return builders.FACTORIES[name]
            return self._classes.find((module, name))
        raise RefusedPayload("its defaultdict makes something that is no class")


def _dotted(kind: type) -> str:
    return ".".join(name_of(kind)) if issubclass(kind, Made) else kind.__qualname__


def _native(kind: type) -> Callable[[tuple[Any, ...], Mapping[str, Any]], Any]:
    return lambda args, _: kind(*args)


def _fraction(args: tuple[Any, ...], _: object) -> Fraction:
    match args:
        case (str(text),) if _FRACTION.fullmatch(text):
            numerator, _, denominator = text.partition("/")
            return builders.fraction(int(numerator), int(denominator or 1))
        case (int(numerator), int(denominator)):
            return builders.fraction(numerator, denominator)
    raise RefusedPayload("it has a fraction that no Python writes")


def _uuid(_: object, state: Mapping[str, Any]) -> UUID:
    return UUID(int=state["int"])


def _bytearray(args: tuple[Any, ...], _: object) -> bytearray:
    match args:
        case () | (bytes(),):
            return bytearray(*args)
        case (str(text), "latin-1"):
            return bytearray(text, "latin-1")
    raise RefusedPayload("it has a bytearray that no Python writes")


def _set_of(kind: type) -> Callable[[tuple[Any, ...], Mapping[str, Any]], Any]:
    def made(args: tuple[Any, ...], _: object) -> Any:  # noqa: ANN401 - a set or frozenset
        match args:
            case () | (list(),):
                return kind(*args)
        raise RefusedPayload(f"it has a {kind.__name__} that no Python writes")

    return made


def _ring(args: tuple[Any, ...], _: object) -> deque[Any]:
    match args:
        case () | ((),):
            return builders.ring(None)
        case ((), int(length)):
            return builders.ring(length)
    raise RefusedPayload("it has a deque that no Python writes")


def _path(kind: type) -> Callable[[tuple[Any, ...], Mapping[str, Any]], Any]:
    def made(args: tuple[Any, ...], _: object) -> Any:  # noqa: ANN401 - a path
        if not all(isinstance(part, str) for part in args):
            raise RefusedPayload("it has a path that is not of text")
        return kind(*args)

    return made


_Plain = Callable[[tuple[Any, ...], Mapping[str, Any]], Any]
_PLAIN: dict[tuple[str, str], _Plain] = {
    **{(kind.__module__, kind.__name__): _native(kind) for kind in builders.NATIVE},
    ("builtins", "bytearray"): _bytearray,
    ("builtins", "set"): _set_of(set),
    ("builtins", "frozenset"): _set_of(frozenset),
    ("uuid", "UUID"): _uuid,
    ("fractions", "Fraction"): _fraction,
    ("collections", "OrderedDict"): lambda _args, _: OrderedDict(),
    ("collections", "Counter"): lambda args, _: Counter(*args),
    ("collections", "deque"): _ring,
    **{
        (home, name): _path(kind)
        for home in ("pathlib", "pathlib._local")
        for name, kind in builders.PATHS.items()
    },
    **{("ipaddress", name): _native(kind) for name, kind in builders.ADDRESSES.items()},
}
"""What is made without being allowed: the same as serializer `values` makes."""
