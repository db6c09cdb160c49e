"""What is called when a job has ended: `Callback`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from workhorse.callables import check_arguments, reference
from workhorse.defaults import CALLBACK_TIMEOUT
from workhorse.exceptions import BadArguments, NotImportable
from workhorse.schedules import seconds

CALLED_WITH: Final = {
    "on_success": ("job", "connection", "result"),
    "on_failure": ("job", "connection", "type", "value", "traceback"),
    "on_stopped": ("job", "connection"),
}
"""What each kind of callback is given."""


class Callback:
    """A function to call when a job has ended, and how long it may run.

    Attributes:
        func: The function, or its dotted name, as it was given.
        timeout: Seconds.
        name: Its dotted name, by which workers import it.

    Args:
        func: A function at module level, or the dotted name of one.
        timeout: How long it may run: seconds, text such as '2m', or a timedelta; default: 60 s.

    Raises:
        NotImportable: Workers could not import it by name.
        ValueError: The timeout leaves it no time.
    """

    __slots__ = ("_check", "func", "name", "timeout")

    def __init__(
        self, func: Callable[..., Any] | str, timeout: float | str | timedelta | None = None
    ) -> None:
        self.func = func
        self.name, instance, self._check = reference(func)
        if instance is not None:
            raise NotImportable(
                f"{self.name} belongs to an object, which is not stored with the job; give a "
                f"function at module level"
            )
        limit = CALLBACK_TIMEOUT if timeout is None else seconds(timeout, what="timeout")
        if limit <= 0:
            raise ValueError(
                f"Callback(timeout={timeout!r}): a callback needs time to run; give a number of "
                f"seconds above 0"
            )
        self.timeout: float = int(limit) if limit.is_integer() else limit

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Callback) and other.to_text() == self.to_text()

    def __hash__(self) -> int:
        return hash(self.to_text())

    def __repr__(self) -> str:
        return f"Callback({self.name!r}, timeout={self.timeout:g})"

    def check(self, kind: str) -> None:
        """Find out whether it can be called with what it will be given.

        Args:
            kind: `on_success`, `on_failure` or `on_stopped`.

        Raises:
            BadArguments: It cannot.
        """
        try:
            check_arguments(self._check, CALLED_WITH[kind], {})
        except BadArguments as error:
            told = ", ".join(CALLED_WITH[kind])
            raise BadArguments(f"{kind} is called with ({told}): {error}") from None

    def to_text(self) -> str:
        """`<name>`, or `<name> <seconds>`, as a job's hash has it."""
        if self.timeout == CALLBACK_TIMEOUT:
            return self.name
        return f"{self.name} {self.timeout!r}"


def callback_of(kind: str, given: object) -> Callback | None:
    """What an option says: a `Callback`, a function, or the dotted name of one.

    Args:
        kind: The option's name.
        given: Its value.

    Raises:
        TypeError: It is something else.
        NotImportable: Workers could not import it by name.
        BadArguments: It does not take what it will be given.
    """
    if given is None:
        return None
    if not isinstance(given, Callback):
        if not (isinstance(given, str) or callable(given)):
            raise TypeError(f"{kind}={given!r:.100}: give Callback(function, timeout=...)")
        given = Callback(given)
    given.check(kind)
    return given
