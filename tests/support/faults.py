"""A connection that fails once, at the n-th time that it reaches for the server."""

from __future__ import annotations

from typing import Any, Literal

from workhorse.connection import Connection
from workhorse.exceptions import ConnectionLost

When = Literal["before", "after"]


class Faulty(Connection):
    """Loses its *at*-th exchange before or after the server has seen it.

    Attributes:
        struck: Whether it has done so.
    """

    at = 0
    when: When = "before"
    struck = False

    def _strike(self, when: When) -> None:
        if self.at == 0 and self.when == when and not self.struck:
            self.struck = True
            raise ConnectionLost(f"a test lost it {when} it reached the server")

    def exchange(self, *args: Any, **kwargs: Any) -> list[Any]:
        self.at -= 1
        self._strike("before")
        replies = super().exchange(*args, **kwargs)
        self._strike("after")
        return replies

    def asend(self, *_: Any) -> bool:
        return False  # so that all go by `aexchange`

    async def aexchange(self, *args: Any, **kwargs: Any) -> list[Any]:
        self.at -= 1
        self._strike("before")
        replies = await super().aexchange(*args, **kwargs)
        self._strike("after")
        return replies
