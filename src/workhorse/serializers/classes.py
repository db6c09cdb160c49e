"""Which classes may be written and read as values.

A class is allowed by a pattern for its dotted name. It must be a class, and be defined where its
name says: what a module merely imported does not become allowed with the module.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable
from enum import Enum
from fnmatch import fnmatchcase
from importlib import import_module

from workhorse.exceptions import DeserializationError, RefusedPayload
from workhorse.serializers.culprit import Unfit

Name = tuple[str, str]
"""A class's module and qualified name."""


class AllowedClasses:
    """The classes that a list of patterns allows, and the builtin exceptions.

    Attributes:
        patterns: Shell patterns of dotted names; '*' also matches dots.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        if isinstance(patterns, str):
            patterns = (patterns,)
        self.patterns = tuple(patterns)
        self._names: dict[type, Name] = {}

    def allows(self, module: str, qualname: str) -> bool:
        """Whether a class of this name would be allowed."""
        if module == "builtins":
            found = vars(builtins).get(qualname)
            return isinstance(found, type) and issubclass(found, Exception)
        return any(fnmatchcase(f"{module}.{qualname}", pattern) for pattern in self.patterns)

    def name_of(self, kind: type, culprit: object = None) -> Name:
        """The name to write for a class.

        Args:
            kind: The class.
            culprit: The value that is being written, for the error.

        Raises:
            Unfit: The class is not allowed, or a reader would not find it.
        """
        name = self._names.get(kind)
        if name is None:
            name = self._checked(kind, culprit)
            self._names[kind] = name
        return name

    def _checked(self, kind: type, culprit: object) -> Name:
        module, qualname = kind.__module__, kind.__qualname__
        dotted = f"{module}.{qualname}"
        if module == "__main__" or "<locals>" in qualname:
            where = "the program's main module" if module == "__main__" else "a function"
            raise Unfit(
                culprit,
                f"its class {qualname} is defined in {where}, where a worker cannot import it; "
                f"move it to a module of its own",
            )
        if not self.allows(module, qualname):
            raise Unfit(
                culprit,
                f"class {dotted} is not allowed; pass allow=[{dotted!r}] to Queue(...) and start "
                f"the worker with --allow-class {dotted!r}, or choose serializer='pickle'",
            )
        if _found(sys.modules.get(module), module, qualname) is not kind or issubclass(kind, type):
            raise Unfit(culprit, f"a worker that imports {dotted} would not get its class")
        return module, qualname

    def find(self, name: object) -> type:
        """The class of a name that was read.

        Raises:
            RefusedPayload: It is not allowed, no class, or defined elsewhere.
            DeserializationError: Its module cannot be imported here.
        """
        match name:
            case (str(module), str(qualname)) if self.allows(module, qualname):
                return self._imported(module, qualname)
            case (str(module), str(qualname)):
                dotted = f"{module}.{qualname}"
                raise RefusedPayload(
                    f"the payload needs class {dotted!r:.300}, which is not allowed; if it is "
                    f"yours, start the worker with --allow-class {dotted!r:.300}"
                )
        raise RefusedPayload("the payload names a class in a way that no Workhorse writes")

    def check(self, value: object) -> None:
        """Refuse a value that is not an instance of an allowed class, or is an enum's member.

        Members are shared by the whole process, so none may be changed.

        Raises:
            RefusedPayload: It is to be left alone.
        """
        kind = type(value)
        if isinstance(value, Enum) or not self.allows(kind.__module__, kind.__qualname__):
            raise RefusedPayload(
                f"the payload changes a {kind.__qualname__}, which no Workhorse writes"
            )

    def _imported(self, module: str, qualname: str) -> type:
        dotted = f"{module}.{qualname}"
        loaded = sys.modules.get(module)
        if loaded is None:
            try:
                loaded = import_module(module)
            except (Exception, SystemExit) as error:  # a user's module may raise anything
                raise DeserializationError(
                    f"the payload needs class {dotted!r:.300}, whose module cannot be imported "
                    f"here: {type(error).__name__}: {error!s:.200}; deploy the code to this worker"
                ) from error
        found = _found(loaded, module, qualname)
        if found is None or issubclass(found, type):
            raise RefusedPayload(
                f"the payload needs {dotted!r:.300}, which is not a class defined in "
                f"{module!r:.300}; if it moved, keep the old name until the jobs that carry it are "
                f"done"
            )
        return found


def _found(loaded: object, module: str, qualname: str) -> type | None:
    """The class of that name if the module defines it, and no other one does."""
    found = loaded
    for part in qualname.split("."):
        # Not getattr: it would run a module's __getattr__, and look into bases and metaclasses.
        found = getattr(found, "__dict__", {}).get(part)
        if not isinstance(found, type):
            return None
    if isinstance(found, type) and (found.__module__, found.__qualname__) == (module, qualname):
        return found
    return None
