"""Functions by name: from the object to the name, back again, and as a line for people.

Names are loaded when they are first used: a horse resolves names, and needs nothing of what
makes them, `inspect` least of all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for type checkers; at run time `__getattr__` does it
    from workhorse.callables.arguments import check_arguments
    from workhorse.callables.description import describe
    from workhorse.callables.importing import allowed, home, import_object, resolve
    from workhorse.callables.reference import Reference, reference

__all__ = [
    "Reference",
    "allowed",
    "check_arguments",
    "describe",
    "home",
    "import_object",
    "reference",
    "resolve",
]

_ELSEWHERE = {
    "Reference": "reference",
    "check_arguments": "arguments",
    "describe": "description",
    "reference": "reference",
}
"""Where each name of `__all__` is defined; those not listed are in `importing`."""


if not TYPE_CHECKING:  # to a type checker, it would mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(f"{__name__}.{_ELSEWHERE.get(name, 'importing')}")
        # All of them at once, as the function `reference` must hide the module of that name.
        globals().update({word: vars(module)[word] for word in __all__ if word in vars(module)})
        return globals()[name]
