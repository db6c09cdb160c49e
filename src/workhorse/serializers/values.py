"""Plain Python values, exactly, and instances of classes that are allowed by name.

The format is pickle protocol 5 in a closed form: what is not a plain value is written as a call
of one of the `builders`, or of a few harmless classes in C, and nothing else is read. Classes go
by name, as strings, to the builders; no class that can be changed, and no function but the
builders, ever stands on the unpickler's stack, where a hostile payload could call or change it.

Most payloads are nothing but plain values of the simplest kinds: they need neither `exact`, which
does the rest, nor what it brings in, so it is loaded when the first other one comes.
"""

from __future__ import annotations

import copyreg
import pickle  # in a closed form
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from workhorse.serializers.classes import AllowedClasses
from workhorse.serializers.culprit import Path, not_serializable
from workhorse.serializers.opcodes import check_opcodes, has_globals

if TYPE_CHECKING:
    from workhorse.serializers.exact import Exact

# What the type stubs do not know of.
_EXTENSIONS: Mapping[object, object] = vars(copyreg)["_extension_registry"]


class Values:
    """The default serializer: exact for plain values, closed to everything else.

    Attributes:
        classes: Which classes it writes and reads.
    """

    code = b"v"
    name = "values"

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self.classes = AllowedClasses(allow)
        self._loaded: Exact | None = None

    def __repr__(self) -> str:
        return f"Values(allow={list(self.classes.patterns)!r})"

    def dumps(self, value: object, *, path: Path = "value") -> bytes:
        """The value as bytes.

        Raises:
            NotSerializable: A part of it is no plain value and of no allowed class, or cannot
                be pickled.
        """
        try:
            if not _EXTENSIONS:
                data = pickle.dumps(value, protocol=5)
                if not has_globals(data):
                    return data  # nothing but plain values
        except Exception:  # noqa: BLE001, S110 - the careful way finds out what is wrong
            pass
        try:
            return self._exact.write(value)
        except Exception as error:
            raise not_serializable(self._exact.write, value, path, error) from error

    def loads(self, data: bytes) -> object:
        """The value that was written.

        Raises:
            RefusedPayload: The bytes ask for what is not allowed.
            DeserializationError: They are damaged, or name a class that is not here.
            Exception: Whatever an allowed class raises.
        """
        check_opcodes(data)
        if not has_globals(data):
            return pickle.loads(data)  # noqa: S301 - without a global it can call nothing
        return self._exact.read(data)

    @property
    def _exact(self) -> Exact:
        if self._loaded is None:
            from workhorse.serializers.exact import Exact  # noqa: PLC0415 - see above

            self._loaded = Exact(self.classes)
        return self._loaded
