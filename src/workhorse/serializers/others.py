"""The serializers that others defined: JSON, pickle, and a user's own."""

from __future__ import annotations

import json
import pickle  # for those who chose it
from typing import Any, Protocol

from workhorse.serializers.culprit import Path, not_serializable


class Json:
    """What JSON has; a tuple comes back as a list, and keys come back as strings."""

    code = b"j"
    name = "json"

    _encode = json.JSONEncoder(separators=(",", ":")).encode

    def dumps(self, value: object, *, path: Path = "value") -> bytes:
        """The value as JSON.

        Raises:
            NotSerializable: JSON has no such thing.
        """
        try:
            return self._encode(value).encode()
        except Exception as error:
            raise not_serializable(self._encode, value, path, error) from error

    def loads(self, data: bytes) -> object:
        """The value that was written."""
        return json.loads(data)


class Pickle:
    """Nearly everything; its reader runs whatever the writer put there."""

    code = b"p"
    name = "pickle"

    def dumps(self, value: object, *, path: Path = "value") -> bytes:
        """The value as a pickle, protocol 5.

        Raises:
            NotSerializable: It cannot be pickled.
        """
        try:
            return self._encode(value)
        except Exception as error:
            raise not_serializable(self._encode, value, path, error) from error

    def loads(self, data: bytes) -> object:
        """The value that was written."""
        return pickle.loads(data)  # noqa: S301 - whoever chose this serializer trusts the server

    @staticmethod
    def _encode(value: object) -> bytes:
        return pickle.dumps(value, protocol=5)


class Encoder(Protocol):
    """A user's own serializer: an object, a class or a module with these two functions."""

    def dumps(self, value: Any, /) -> bytes | str:  # noqa: ANN401 - a user's own
        """The value as bytes or text."""

    def loads(self, data: bytes, /) -> Any:  # noqa: ANN401 - a user's own
        """The value that was written."""


class Wrapped:
    """A user's own serializer.

    Attributes:
        encoder: The user's object.
    """

    code = b"x"

    def __init__(self, encoder: Encoder, name: str = "") -> None:
        self.encoder = encoder
        self.name = name or getattr(encoder, "__name__", "") or type(encoder).__qualname__

    def dumps(self, value: object, *, path: Path = "value") -> bytes:
        """What the user's object makes of the value; text as UTF-8.

        Raises:
            NotSerializable: It raised an error, or made something else than bytes or text.
        """
        try:
            return self._encode(value)
        except Exception as error:
            raise not_serializable(self._encode, value, path, error) from error

    def loads(self, data: bytes) -> object:
        """What the user's object reads in the bytes."""
        return self.encoder.loads(data)

    def _encode(self, value: object) -> bytes:
        data: object = self.encoder.dumps(value)
        if isinstance(data, str):
            return data.encode()
        if isinstance(data, bytes | bytearray | memoryview):
            return bytes(data)
        raise TypeError(f"{self.name}.dumps() gave a {type(data).__name__}, not bytes")
