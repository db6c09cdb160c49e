"""Which serializer is meant by what a user wrote."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, cast

from workhorse.callables import import_object
from workhorse.serializers.culprit import Path
from workhorse.serializers.others import Encoder, Json, Pickle, Wrapped
from workhorse.serializers.values import Values

_BY_NAME = {kind.name: kind for kind in (Values, Json, Pickle)}


class Serializer(Protocol):
    """Writes values as bytes and reads them back."""

    @property
    def code(self) -> bytes:
        """The byte that stands for it in an envelope."""

    @property
    def name(self) -> str:
        """What users call it."""

    def dumps(self, value: object, *, path: Path = "value") -> bytes:
        """The value as bytes; `NotSerializable` names the part at fault by *path*."""

    def loads(self, data: bytes) -> object:
        """The value that was written; may raise anything if the bytes are not from `dumps`."""


def resolve_serializer(chosen: object = None, allow: Iterable[str] = ()) -> Serializer:
    """The serializer that a user chose.

    Args:
        chosen: None for `Values`; 'values', 'json' or 'pickle'; a `Serializer`; anything with
            `dumps` and `loads`, such as a module or class; or the dotted name of such a thing.
        allow: For `Values`: patterns of the classes that it writes and reads.

    Raises:
        ValueError: There is no such serializer (also as `NotImportable`, a ValueError).
        TypeError: It has no `dumps` and `loads`.
    """
    name = ""
    if chosen is None:
        chosen = Values
    elif isinstance(chosen, str):
        name = chosen
        chosen = _BY_NAME.get(name) or _imported(name)
    if not (callable(getattr(chosen, "dumps", None)) and callable(getattr(chosen, "loads", None))):
        raise TypeError(
            f"serializer {name or chosen!r:.100} has no dumps() and loads(); "
            f"use 'values', 'json', 'pickle', or an object that has them"
        )
    if isinstance(chosen, Values | Json | Pickle | Wrapped):
        return chosen
    if isinstance(chosen, type) and issubclass(chosen, Values):
        return chosen(allow)
    if isinstance(chosen, type) and issubclass(chosen, Json | Pickle):
        return chosen()
    return Wrapped(cast("Encoder", chosen), name)


def by_code(code: bytes, allow: Iterable[str] = ()) -> Serializer:
    """The serializer behind an envelope's byte.

    Raises:
        ValueError: It is none of our own.
    """
    for kind in (Json, Pickle):
        if kind.code == code:
            return kind()
    if code == Values.code:
        return Values(allow)
    raise ValueError(f"no serializer has the code {code!r}; there are b'v', b'j' and b'p'")


def _imported(name: str) -> object:
    if "." in name:
        return import_object(name)
    from difflib import get_close_matches  # noqa: PLC0415 - only for advice

    near = get_close_matches(name, _BY_NAME, n=1)
    advice = f"did you mean {near[0]!r}?" if near else "use 'values', 'json' or 'pickle',"
    raise ValueError(f"no serializer {name!r}; {advice} or give the dotted name of an object")
