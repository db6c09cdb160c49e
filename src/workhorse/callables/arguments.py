"""Whether arguments fit a function, before a job is made of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import FunctionType, MethodType
from typing import Any

from workhorse.exceptions import BadArguments


def check_arguments(
    function: Callable[..., Any] | None, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """Find out at the caller what would fail at the worker.

    A decorated function is checked by its outermost wrapper, as Python calls it: a wrapper
    may add arguments, so those of the inner function prove nothing. A function without a
    readable signature, or None, is not checked.

    Raises:
        BadArguments: A call with these arguments would raise a TypeError.
    """
    if function is None or _fits(function, args, kwargs):
        return
    signature = _signature(function)
    if signature is None:
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(function, "__qualname__", None) or type(function).__qualname__
        raise BadArguments(f"{name}{signature!s:.300}: {error}") from None


def _fits(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a simple function certainly takes these arguments; False if in doubt."""
    given = len(args)
    if type(function) is MethodType:
        function = function.__func__
        given += 1
    if type(function) is not FunctionType or "__signature__" in function.__dict__:
        return False
    code = function.__code__
    if (
        code.co_flags & (CO_VARARGS | CO_VARKEYWORDS)
        or code.co_kwonlyargcount
        or code.co_posonlyargcount
    ):
        return False
    most = code.co_argcount
    defaults = function.__defaults__
    least = most - len(defaults) if defaults else most
    if kwargs:
        return given <= most and _named(code.co_varnames[given:most], least - given, kwargs)
    return least <= given <= most


def _named(names: Sequence[str], required: int, kwargs: Mapping[str, Any]) -> bool:
    """Whether keyword arguments have these names, and the first *required* are there."""
    for name in kwargs:
        if name not in names:
            return False
    for name in names[: max(required, 0)]:  # noqa: SIM110 - all() takes twice as long
        if name not in kwargs:
            return False
    return True


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    # Only functions are cached: a bound method would keep its instance alive.
    return _cached(function) if type(function) is FunctionType else _read(function)


def _read(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return None  # some builtins have none


_cached = lru_cache(maxsize=1024)(_read)
