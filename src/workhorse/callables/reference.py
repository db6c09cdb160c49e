"""From a function to the name under which a worker finds it again."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from workhorse.callables.importing import check_name, follow
from workhorse.exceptions import NotImportable

_MOST_KNOWN = 4096
_known: dict[object, Reference] = {}


class Reference(NamedTuple):
    """How a job names its function.

    Attributes:
        name: The dotted name, such as `myapp.tasks.send` or `myapp.models.User.greet`.
        instance: The object whose method it is, or None; it travels with the arguments.
        check: What `check_arguments` can check them against, or None for a name.
    """

    name: str
    instance: Any
    check: Callable[..., Any] | None


def reference(function: Callable[..., Any] | str) -> Reference:
    """The name of a function, proved to lead back to it.

    A string is taken as it is, if it is a dotted name: the producer need not have the
    code. Plain functions and strings are remembered.

    Raises:
        NotImportable: A worker could not import it by name; the text says what to do.
    """
    kind = type(function)
    if kind is not FunctionType and kind is not str:
        return _reference(function)
    found = _known.get(function)
    if found is None:
        found = _reference(function)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[function] = found
    return found


def _reference(function: Callable[..., Any] | str) -> Reference:
    if isinstance(function, str):
        return Reference(check_name(function), None, None)
    _refuse_what_is_no_function(function)
    owner = getattr(function, "__self__", None)
    if isinstance(function, MethodType | BuiltinFunctionType) and not (
        owner is None or isinstance(owner, ModuleType)
    ):
        return _method(function, owner)
    if not isinstance(getattr(function, "__qualname__", None), str):
        kind = type(function)
        name = _class_name(kind, f"{kind.__qualname__}.__call__")
        return Reference(f"{name}.__call__", function, function)
    return Reference(_function_name(function), None, function)


def _refuse_what_is_no_function(given: object) -> None:
    if inspect.isclass(given):
        raise NotImportable(
            f"{given.__qualname__} is a class; workers call functions: write one that makes the "
            f"object, or enqueue a method of an instance"
        )
    if isinstance(given, partial):
        raise NotImportable(
            "a functools.partial has no name; enqueue its function, with the arguments: "
            "enqueue(f, *args, **kwargs)"
        )
    if inspect.iscoroutine(given) or inspect.isgenerator(given):
        raise NotImportable(
            f"{given.__qualname__} was called already; enqueue the function itself: "
            f"enqueue({given.__name__}, ...), not enqueue({given.__name__}(...))"
        )
    if not callable(given):
        raise NotImportable(
            f"a {type(given).__name__} is no function; write enqueue(f, x) and not enqueue(f(x))"
        )


def _method(method: Any, owner: object) -> Reference:  # noqa: ANN401 - any bound method
    """A bound method: of a class by its name alone, of an instance together with it."""
    is_class = isinstance(owner, type)
    kind = owner if isinstance(owner, type) else type(owner)
    label = f"{kind.__qualname__}.{method.__name__}"
    name = f"{_class_name(kind, label)}.{method.__name__}"
    # getattr on the instance, as the worker does it: an override there would win.
    if getattr(owner, method.__name__, None) != method:
        raise NotImportable(
            f"{label} is not the method that its instance has under this name; "
            f"move it to module level"
        )
    _proved(kind.__module__, f"{kind.__qualname__}.{method.__name__}", label)
    return Reference(name, None if is_class else owner, method)


def _class_name(kind: type, label: str) -> str:
    """The dotted name of a class, proved to lead back to it."""
    if _proved(kind.__module__, kind.__qualname__, label) is not kind:
        raise NotImportable(
            f"{label}: {kind.__module__}.{kind.__qualname__} is another class by now; "
            f"workers import by name"
        )
    return f"{kind.__module__}.{kind.__qualname__}"


def _function_name(function: Any) -> str:  # noqa: ANN401 - functions, builtins, wrappers
    qualname: str = function.__qualname__
    module = getattr(function, "__module__", None)
    if not isinstance(module, str):  # a method of a builtin class: str.upper
        module = getattr(getattr(function, "__objclass__", None), "__module__", None) or "builtins"
    found = _proved(module, qualname, qualname)
    # A decorator may have put a wrapper in its place: the worker runs that, as a call would.
    while found is not function and found != function:
        found = getattr(found, "__wrapped__", None)
        if found is None:
            raise NotImportable(
                f"{qualname}: {module}.{qualname} is another object than this function; "
                f"enqueue it under the name that it has in its module, or use functools.wraps "
                f"in its decorator"
            )
    return f"{module}.{qualname}"


def _proved(module: str, qualname: str, label: str) -> Any:  # noqa: ANN401 - whatever is there
    """What workers will find under a name, or the reason why they will find nothing."""
    if "<lambda>" in qualname:
        raise NotImportable(
            f"{label}: workers import functions by name, and a lambda has none; "
            f"write a function with def, at module level"
        )
    if "<locals>" in qualname:
        outer = qualname.partition(".<locals>")[0]
        raise NotImportable(
            f"{label} is nested in {outer}(); workers import functions by name, "
            f"move it to module level"
        )
    if module == "__main__":
        raise NotImportable(
            f"{label} is in the program's main module, which a worker cannot import; "
            f"move it to a module of its own and import it from there"
        )
    loaded = sys.modules.get(module)
    if loaded is None:
        raise NotImportable(f"{label} says that it is from {module!r}, which is not imported")
    try:
        return follow(loaded, qualname.split("."))
    except NotImportable as error:
        raise NotImportable(
            f"{label} cannot be imported by name: {error}; move it to module level"
        ) from None
