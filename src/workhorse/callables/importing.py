"""From a dotted name to the object, and which names a worker may follow.

A name leads through modules, classes and module-level objects. It never leads through a
module that another one merely imported, nor through an attribute such as `__globals__`:
`myapp.tasks.os.system` is not a task of `myapp.tasks`.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from importlib import import_module
from types import ModuleType
from typing import Any

from workhorse.exceptions import NotImportable

LONGEST_NAME = 500
"""A dotted name has at most so many characters."""


def check_name(name: str) -> str:
    """Return *name* if it is a dotted name.

    Raises:
        NotImportable: It is not.
    """
    if len(name) <= LONGEST_NAME and all(part.isidentifier() for part in name.split(".")):
        return name
    raise NotImportable(
        f"{name!r:.200} is not the name of a function; write it as 'package.module.function'"
    )


def resolve(name: str) -> Any:  # noqa: ANN401 - whatever has that name
    """Import what can be called under a dotted name.

    Raises:
        NotImportable: There is no such thing, its module raises at import, or it cannot
            be called; the text says which.
    """
    found = import_object(name)
    if callable(found):
        return found
    raise NotImportable(f"{name} is a {type(found).__name__} and cannot be called")


def import_object(name: str) -> Any:  # noqa: ANN401 - whatever has that name
    """Import whatever has a dotted name: a function, a class, an object, or a module.

    Longer module paths are tried before shorter ones, then the builtins.

    Raises:
        NotImportable: There is no such thing, or its module raises at import.
    """
    parts = check_name(name).split(".")
    reason = ""
    for length in range(len(parts), 0, -1):
        module = _import(".".join(parts[:length]), name)
        if module is None:
            continue
        try:
            return follow(module, parts[length:])
        except NotImportable as error:
            reason = reason or str(error)
    try:
        return follow(builtins, parts)
    except NotImportable:
        pass
    raise NotImportable(f"cannot import {name!r}: {reason or _missing(parts)}")


def follow(module: ModuleType, parts: Iterable[str]) -> Any:  # noqa: ANN401 - whatever is there
    """What a module has under a path of attributes.

    Raises:
        NotImportable: A step is missing, or leads where names may not lead.
    """
    found: Any = module
    path = module.__name__
    for part in parts:
        if part.startswith("__") and part != "__call__":
            raise NotImportable(f"{path} is not asked for {part!r}, which no job may name")
        try:
            found = getattr(found, part)
        except Exception as error:  # a property or a module's __getattr__ may raise anything
            raise NotImportable(_no_attribute(path, found, part, error)) from error
        if isinstance(found, ModuleType):
            raise NotImportable(
                f"{part!r} was only imported into {path}; its own name is {found.__name__!r}"
            )
        path += "." + part
    return found


def home(function: object) -> str:
    """Where a function says that it was defined, as a dotted name; '' if it does not say.

    A bound method was defined in its class, which for the methods of a module-level
    dictionary is `builtins.dict`.
    """
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, ModuleType):
        kind = owner if isinstance(owner, type) else type(owner)
        return f"{kind.__module__}.{kind.__qualname__}.{getattr(function, '__name__', '')}"
    if not isinstance(getattr(function, "__qualname__", None), str):
        function = type(function)
    module = getattr(function, "__module__", None) or ""
    return f"{module}.{getattr(function, '__qualname__', '')}"


def allowed(name: str, patterns: Iterable[str], function: object = None) -> bool:
    """Whether a worker that was given `--allow` patterns may run a function.

    Args:
        name: The name that the job gives.
        patterns: Shell patterns such as 'myapp.tasks.*'; '*' also matches dots.
        function: What the name led to, if known. The place where it was defined must be
            allowed, too: `from os import system` does not make `system` a task.
    """
    known = tuple(patterns)
    if not any(fnmatchcase(name, pattern) for pattern in known):
        return False
    if function is None:
        return True
    where = home(function)
    return any(fnmatchcase(where, pattern) for pattern in known)


def _import(module: str, name: str) -> ModuleType | None:
    """The module, or None if there is none of that name."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing == module or module.startswith(missing + "."):
            return None
        raise NotImportable(
            f"cannot import {name!r}: module {module!r} exists, but it needs {missing!r}, "
            f"which is not installed or not on sys.path"
        ) from error
    except (Exception, SystemExit) as error:
        raise NotImportable(
            f"cannot import {name!r}: module {module!r} exists, but importing it raised "
            f"{type(error).__name__}: {error!s:.300}"
        ) from error


def _missing(parts: list[str]) -> str:
    """Which module of the path does not exist."""
    if len(parts) == 1:
        return f"there is no module or builtin {parts[0]!r}"
    at = 1
    while at < len(parts) - 1 and ".".join(parts[:at]) in sys.modules:
        at += 1
    return (
        f"there is no module {'.'.join(parts[:at])!r} here; start the worker in the directory "
        f"that holds it, or install it"
    )


def _no_attribute(path: str, found: object, part: str, error: Exception) -> str:
    if not isinstance(error, AttributeError):
        return f"{path} raised {type(error).__name__} when asked for {part!r}: {error!s:.300}"
    from difflib import get_close_matches  # noqa: PLC0415 - only for advice

    near = get_close_matches(part, [word for word in dir(found) if word[0] != "_"], n=1)
    advice = f"; did you mean {near[0]!r}?" if near else ""
    return f"{path} has no {part!r}{advice}"
