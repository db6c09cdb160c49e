"""A pickle as what it says, and not what it does: nothing is imported, nothing is called.

RQ stores pickles, and whoever can write to the server can write one that runs anything where it
is read. So the unpickler here gets a class of our own for each global that a pickle asks for, made
anew for each pickle. It only takes down how it was called and what it was given. `values` makes
the few things of it that are harmless, or allowed.
"""

from __future__ import annotations

import io
import json
import pickle  # with no global but our own
import pickletools
from collections.abc import Iterator
from typing import Any, ClassVar, Self, cast

from workhorse.exceptions import DeserializationError, RefusedPayload
from workhorse.serializers.opcodes import check_opcodes

_REFUSED = frozenset(
    ("PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER", "INST", "OBJ")
)
_DROPPING = frozenset(("POP", "POP_MARK"))
_GLOBALS = frozenset(("GLOBAL", "STACK_GLOBAL"))
_SLOTS = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))


class _Global(type):
    """What stands for something that a pickle names: calls of it are taken down."""

    module: str
    qualname: str

    def __call__(cls, *args: object) -> object:
        """Take down that it was called; it is not."""
        made: Made = object.__new__(cls)  # type: ignore[arg-type]  # a class with this metaclass
        made.take_down("call", args, {})
        return made


class Made(metaclass=_Global):
    """What a pickle would have made: of what, how, and out of what.

    Attributes:
        how: `call`; `new` without `__init__`; or a call `of` something made, the first of `args`.
        args: Positional arguments.
        kwargs: Keyword arguments.
        state: What it would have been given as its state, if it was.
        elements: What would have been appended or added.
        entries: What would have been set by key.
    """

    module: ClassVar[str] = ""
    qualname: ClassVar[str] = ""
    how: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    state: object
    has_state: bool
    elements: list[Any]
    entries: list[tuple[Any, Any]]

    def __new__(cls, *args: object, **kwargs: object) -> Self:
        """What NEWOBJ does."""
        made = object.__new__(cls)
        made.take_down("new", args, kwargs)
        return made

    def take_down(self, how: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        """How it came to be."""
        self.how, self.args, self.kwargs = how, args, kwargs
        self.state, self.has_state = None, False
        self.elements, self.entries = [], []

    def __call__(self, *args: object) -> Made:
        """Take down that what was made was called in turn, as `of` the first of *args*."""
        made: Made = object.__new__(type(self))
        made.take_down("of", (self, *args), {})
        return made

    def __setstate__(self, state: object) -> None:
        self.state, self.has_state = state, True

    def append(self, element: object) -> None:
        """Take down an element."""
        self.elements.append(element)

    def extend(self, elements: list[object]) -> None:
        """Take down several."""
        self.elements.extend(elements)

    add = append

    def __setitem__(self, key: object, value: object) -> None:
        self.entries.append((key, value))


def name_of(kind: type[Made]) -> tuple[str, str]:
    """The module and the qualified name that stand in the pickle."""
    return kind.module, kind.qualname


class _Reader(pickle.Unpickler):
    def __init__(self, raw: bytes) -> None:
        super().__init__(io.BytesIO(raw))
        self._known: dict[tuple[str, str], type[Made]] = {}

    def find_class(self, module: str, name: str, /) -> type[Made]:
        found = self._known.get((module, name))
        if found is None:
            attributes = {"module": module, "qualname": name}
            found = cast("type[Made]", _Global("Made", (Made,), attributes))
            self._known[module, name] = found
        return found

    def persistent_load(self, pid: object) -> object:
        raise RefusedPayload(f"it refers to something outside of itself: {pid!r:.100}")


def is_pickle(raw: bytes) -> bool:
    """Whether these bytes are a pickle of protocol 2 or later; RQ writes no others."""
    return raw[:1] == pickle.PROTO


def read(raw: bytes) -> Any:  # noqa: ANN401 - whatever it says
    """What a pickle or a JSON text says, with `Made` objects where it names classes.

    Raises:
        RefusedPayload: It does what no value needs.
        DeserializationError: It is neither, or damaged.
    """
    try:
        if not is_pickle(raw):
            return json.loads(raw)
        if _is_plain(raw):
            return pickle.loads(raw)  # noqa: S301 - it has no global, so it can call nothing
        _check(raw)
        return _Reader(raw).load()
    except DeserializationError:
        raise
    except Exception as error:
        what = "a pickle" if is_pickle(raw) else "JSON"
        raise DeserializationError(
            f"it cannot be read as {what}: {type(error).__name__}: {error!s:.200}"
        ) from error


def _is_plain(raw: bytes) -> bool:
    """Whether it is of the kind that `values` would read, without a global in it."""
    if pickle.STACK_GLOBAL in raw:
        return False
    try:
        check_opcodes(raw)
    except DeserializationError:
        return False
    return True


def _check(raw: bytes) -> None:
    """Refuse what must not reach the unpickler: lies about lengths, and memo slots far away."""
    names = set()
    for name, argument in _opcodes(raw):
        names.add(name)
        if name in _SLOTS and int(argument) > len(raw):
            raise RefusedPayload("it was made to take up memory")
    if names & _REFUSED:
        raise RefusedPayload(f"it has opcodes that no value needs: {', '.join(names & _REFUSED)}")
    if names & _GLOBALS and names & _DROPPING:
        raise RefusedPayload("it makes things and drops them, as only code with effects does")


def _opcodes(raw: bytes) -> Iterator[tuple[str, Any]]:
    for opcode, argument, _ in pickletools.genops(raw):
        yield opcode.name, argument
