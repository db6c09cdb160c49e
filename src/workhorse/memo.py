"""What was made for something before: programs name their server anew for each queue."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """Remembers what was made for a source under a name.

    Sources that are equal by value are remembered up to a number; other objects, for as long as
    they are there.

    Args:
        values: The types of sources that are told apart by their value.
        most: How many of those are remembered.
    """

    def __init__(self, values: tuple[type, ...], most: int) -> None:
        self._values = values
        self._most = most
        self._by_value: dict[tuple[Any, str], T] = {}
        self._by_object: weakref.WeakKeyDictionary[Any, dict[str, T]] = weakref.WeakKeyDictionary()

    def get(self, source: Any, name: str, make: Callable[[], T]) -> T:  # noqa: ANN401 - anything
        """What was made for this source under this name; if there is none, make it."""
        if isinstance(source, self._values):
            known = self._by_value.get((source, name))
            if known is None:
                if len(self._by_value) >= self._most:
                    self._by_value.clear()
                known = self._by_value.setdefault((source, name), make())
            return known
        try:
            made = self._by_object.setdefault(source, {})
        except TypeError:  # it cannot be referred to weakly, and is none of the known clients
            return make()
        found = made.get(name)
        return made.setdefault(name, make()) if found is None else found
