"""RQ's serializers, by class, by name and by dotted name. Pickle is the default here."""

from __future__ import annotations

import json
import pickle
from typing import Any, Protocol

from workhorse.callables import import_object


class Serializer(Protocol):
    """What encodes values."""

    def dumps(self, obj: Any, /) -> bytes:
        """The value as bytes."""

    def loads(self, data: bytes, /) -> Any:
        """The value that was written."""


class DefaultSerializer:
    """Pickle, protocol 5: trusts whoever can write to the server."""

    @staticmethod
    def dumps(obj: Any, **options: Any) -> bytes:
        """The value as bytes."""
        return pickle.dumps(obj, **{"protocol": pickle.HIGHEST_PROTOCOL, **options})

    @staticmethod
    def loads(data: bytes, **options: Any) -> Any:
        """The value that was written."""
        return pickle.loads(data, **options)  # noqa: S301 - who chose it trusts the server


PickleSerializer = DefaultSerializer


class JSONSerializer:
    """What JSON has."""

    @staticmethod
    def dumps(*args: Any, **kwargs: Any) -> bytes:
        """The value as bytes."""
        return json.dumps(*args, **kwargs).encode()

    @staticmethod
    def loads(s: bytes, *args: Any, **kwargs: Any) -> Any:
        """The value that was written."""
        return json.loads(s, *args, **kwargs)


SERIALIZER_ALIASES: dict[str, Any] = {"json": JSONSerializer, "pickle": DefaultSerializer}


def resolve_serializer(serializer: Any = None) -> Any:
    """The serializer that is meant: None for pickle, a name, a dotted name, or an object."""
    if serializer is None:
        return DefaultSerializer
    if isinstance(serializer, str):
        known = SERIALIZER_ALIASES.get(serializer)
        if known is not None:
            return known
        name = serializer.rpartition(".")[2]
        if serializer.startswith("rq.serializers.") and name in globals():
            return globals()[name]
        serializer = import_object(serializer)
    if not (callable(getattr(serializer, "dumps", None)) and hasattr(serializer, "loads")):
        raise NotImplementedError("Serializer should have (dumps, loads) methods.")
    return serializer


def chosen(serializer: Any = None) -> Any:
    """The same for the core: it knows pickle and JSON by name, and any other as it is."""
    found = resolve_serializer(serializer)
    return {DefaultSerializer: "pickle", JSONSerializer: "json"}.get(found, found)


__all__ = [
    "SERIALIZER_ALIASES",
    "DefaultSerializer",
    "JSONSerializer",
    "PickleSerializer",
    "Serializer",
    "resolve_serializer",
]
