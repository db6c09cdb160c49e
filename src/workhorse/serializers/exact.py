"""What `Values` does with everything that is not of the simplest kinds: see there."""

from __future__ import annotations

import copyreg
import io
import pickle  # in a closed form
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from workhorse.exceptions import RefusedPayload
from workhorse.serializers import builders
from workhorse.serializers.classes import AllowedClasses
from workhorse.serializers.culprit import Unfit

Reduced = tuple[Any, ...]
"""What `__reduce__` returns: a callable, its arguments, and up to four more."""

# What the type stubs do not know of.
_NEW: object = vars(copyreg)["__newobj__"]
_NEW_EX: object = vars(copyreg)["__newobj_ex__"]
_FACTORY_NAMES = {kind: name for name, kind in builders.FACTORIES.items()}
_BUILDERS = frozenset(builders.CLOSED + builders.OPEN)
_UNREDUCED = frozenset(builders.NATIVE)
_INTERNAL = _UNREDUCED | _BUILDERS


class Exact:
    """Writes and reads values with calls of the builders in them.

    Args:
        classes: Which classes it writes and reads.
    """

    def __init__(self, classes: AllowedClasses) -> None:
        self._classes = classes
        self._calls = _calls(classes)

    def write(self, value: object) -> bytes:
        """The value as bytes; raises whatever stands in the way."""
        buffer = io.BytesIO()
        _Writer(buffer, self._classes).dump(value)
        return buffer.getvalue()

    def read(self, data: bytes) -> object:
        """The value in bytes whose opcodes have been checked."""
        return _Reader(data, self._calls).load()


def _calls(classes: AllowedClasses) -> Mapping[tuple[str, str], Callable[..., Any]]:
    """All that a payload may call, by the names that it calls them."""
    calls: dict[tuple[str, str], Callable[..., Any]] = {
        (kind.__module__, kind.__qualname__): kind for kind in builders.NATIVE
    }
    calls.update({(builders.__name__, each.__name__): each for each in builders.CLOSED})
    calls.update(
        {(builders.__name__, each.__name__): partial(each, classes) for each in builders.OPEN}
    )
    return calls


class _Reader(pickle.Unpickler):
    """Knows the calls on its list and no other global."""

    def __init__(self, data: bytes, calls: Mapping[tuple[str, str], Callable[..., Any]]) -> None:
        super().__init__(io.BytesIO(data))
        self._calls = calls

    def find_class(self, module: str, name: str, /) -> Callable[..., Any]:
        found = self._calls.get((module, name))
        if found is None:
            raise RefusedPayload(
                f"the payload asks for {f'{module}.{name}'!r:.300}, which serializer "
                f"'values' never does; if you trust everybody who can write to the server, use "
                f"serializer='pickle'"
            )
        return found


class _Writer(pickle.Pickler):
    """Writes what is not plain as calls of the builders."""

    def __init__(self, buffer: io.BytesIO, classes: AllowedClasses) -> None:
        super().__init__(buffer, protocol=5)
        self._classes = classes

    def reducer_override(self, value: Any, /) -> Any:  # noqa: ANN401 - the base class's types
        kind = type(value)
        if kind in _UNREDUCED:
            return NotImplemented
        if kind in _PLAIN:
            return _PLAIN[kind](value)
        if kind is defaultdict:
            return _without_attributes(value, self._default(value), None, None, iter(value.items()))
        if kind in (type, FunctionType) and value in _INTERNAL:
            return NotImplemented
        _refuse_code(value)
        return self._instance(value, kind)

    def _default(self, value: defaultdict[Any, Any]) -> Reduced:
        factory = value.default_factory
        if factory is None:
            return builders.default, (None,)
        if isinstance(factory, type):
            return builders.default, (
                _FACTORY_NAMES.get(factory) or self._classes.name_of(factory, value),
            )
        raise Unfit(value, "its default_factory is not a class; send dict(it)")

    def _instance(self, value: Any, kind: type) -> Reduced:  # noqa: ANN401 - any instance
        try:
            name = self._classes.name_of(kind, value)
        except Unfit:
            _explain_what_no_class_list_helps(value, kind)
            raise
        if isinstance(value, Enum):
            if type(value).__members__.get(value._name_) is value:
                return builders.member, (name, value._name_)
            return builders.value, (name, value._value_)
        reduced = _reduced(value, kind)
        call = self._call(value, reduced[0], reduced[1])
        rest = (*reduced[2:], None, None, None)[:3]
        return (*call, *rest, builders.state if rest[0] is not None else None)

    def _call(self, value: object, function: object, args: Reduced) -> Reduced:
        if function is _NEW:
            return builders.new, (self._classes.name_of(args[0], value), *args[1:])
        if function is _NEW_EX:
            return builders.new_ex, (self._classes.name_of(args[0], value), *args[1:])
        if isinstance(function, type) and builders.reduces_itself(function):
            return builders.call, (self._classes.name_of(function, value), *args)
        name = getattr(function, "__qualname__", type(function).__qualname__)
        raise Unfit(
            value,
            f"a {type(value).__qualname__} is pickled as a call of {name}(), and only classes can "
            f"be allowed; give the class __getstate__ and __setstate__, or choose "
            f"serializer='pickle'",
        )


def _reduced(value: Any, kind: type) -> Reduced:  # noqa: ANN401 - any instance
    """What the value says about itself."""
    registered = copyreg.dispatch_table.get(kind)
    reduced = value.__reduce_ex__(5) if registered is None else registered(value)
    if isinstance(reduced, tuple) and 2 <= len(reduced) <= 5:  # noqa: PLR2004 - pickle's numbers
        return reduced
    raise Unfit(value, f"a {kind.__qualname__} is pickled by name or in an unusual way")


def _refuse_code(value: object) -> None:
    """Refuse what could be called, with better advice than to allow it."""
    if isinstance(value, type):
        raise Unfit(value, f"{value.__qualname__} is a class, which is no value; send its name")
    if isinstance(value, FunctionType | BuiltinFunctionType | MethodType):
        raise Unfit(value, f"{value.__qualname__} is a function, which is no value; send its name")
    if isinstance(value, ModuleType):
        raise Unfit(value, f"{value.__name__} is a module, which is no value; send its name")


def _explain_what_no_class_list_helps(value: Any, kind: type) -> None:  # noqa: ANN401 - anything
    """For a generator, a lock or a file, say what it is, and not how to allow it."""
    try:
        value.__reduce_ex__(5)
    except Exception as error:
        raise Unfit(value, f"{error!s:.300}") from error
    if kind.__module__ == "builtins":
        raise Unfit(value, f"a {kind.__qualname__} is no plain value; send what it consists of")


def _without_attributes(value: object, call: Reduced, *rest: object) -> Reduced:
    if getattr(value, "__dict__", None):
        raise Unfit(
            value, f"a {type(value).__qualname__} with attributes of its own cannot be sent"
        )
    return (*call, *rest)


def _zone(value: ZoneInfo) -> Reduced:
    if value.key is None:
        raise Unfit(value, "a time zone without a name cannot be sent; use ZoneInfo('Area/City')")
    return builders.zone, (value.key,)


def _fraction(value: Fraction) -> Reduced:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > builders.MOST_BITS:
        raise Unfit(value, "a fraction of such long numbers cannot be sent")
    return builders.fraction, (value.numerator, value.denominator)


def _named(builder: Callable[..., Any]) -> Callable[[object], Reduced]:
    return lambda value: (builder, (type(value).__name__, str(value)))


_PLAIN: Mapping[type, Callable[[Any], Reduced]] = {
    OrderedDict: lambda it: _without_attributes(
        it, (builders.ordered, ()), None, None, iter(it.items())
    ),
    Counter: lambda it: _without_attributes(
        it, (builders.counter, ()), None, None, iter(it.items())
    ),
    deque: lambda it: (builders.ring, (it.maxlen,), None, iter(it)),
    UUID: lambda it: (builders.uuid, (it.bytes,)),
    Fraction: _fraction,
    ZoneInfo: _zone,
    **dict.fromkeys(builders.PATHS.values(), _named(builders.path)),
    **dict.fromkeys(builders.ADDRESSES.values(), _named(builders.address)),
}
