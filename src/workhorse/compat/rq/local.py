"""Values that each thread and each task has for itself; RQ has them from Werkzeug."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from threading import get_ident
from typing import Any


class Local:
    """An object whose attributes are the thread's or the task's own."""

    def __init__(self) -> None:
        object.__setattr__(self, "_own", ContextVar("rq.local"))

    def __getattr__(self, name: str) -> Any:
        try:
            return self._own.get({})[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: object) -> None:
        self._own.set({**self._own.get({}), name: value})

    def __delattr__(self, name: str) -> None:
        self._own.set({word: v for word, v in self._own.get({}).items() if word != name})

    def __call__(self, proxy: str) -> LocalProxy:
        """A stand-in for one attribute."""
        return LocalProxy(self, proxy)

    def __release_local__(self) -> None:
        self._own.set({})


class LocalStack:
    """A stack that is the thread's or the task's own."""

    def __init__(self) -> None:
        self._own: ContextVar[tuple[Any, ...]] = ContextVar("rq.local", default=())

    def push(self, obj: object) -> list[Any]:
        """Put something on top; all that there is now."""
        self._own.set((*self._own.get(), obj))
        return list(self._own.get())

    def pop(self) -> Any:
        """Take the top off; None if there is nothing."""
        found = self.top
        self._own.set(self._own.get()[:-1])
        return found

    @property
    def top(self) -> Any:
        """What is on top; None if there is nothing."""
        stack = self._own.get()
        return stack[-1] if stack else None

    def __call__(self) -> LocalProxy:
        """A stand-in for the top."""
        return LocalProxy(self._bound)

    def _bound(self) -> Any:
        if (found := self.top) is None:
            raise RuntimeError("object unbound")
        return found

    def __release_local__(self) -> None:
        self._own.set(())


class LocalProxy:
    """A stand-in for a value that is looked for at each use."""

    __slots__ = ("__local", "__name")

    def __init__(self, local: Any, name: str | None = None) -> None:
        object.__setattr__(self, "_LocalProxy__local", local)
        object.__setattr__(self, "_LocalProxy__name", name)

    def _get_current_object(self) -> Any:
        return self.__local() if self.__name is None else getattr(self.__local, self.__name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._get_current_object(), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._get_current_object(), name, value)

    def __eq__(self, other: object) -> bool:
        return bool(self._get_current_object() == other)

    def __hash__(self) -> int:
        return hash(self._get_current_object())

    def __bool__(self) -> bool:
        return bool(self._get_current_object())

    def __repr__(self) -> str:
        try:
            return repr(self._get_current_object())
        except RuntimeError:
            return f"<{type(self).__name__} unbound>"

    def __str__(self) -> str:
        return str(self._get_current_object())

    def __len__(self) -> int:
        return len(self._get_current_object())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._get_current_object())

    def __contains__(self, item: object) -> bool:
        return item in self._get_current_object()

    def __getitem__(self, key: Any) -> Any:
        return self._get_current_object()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._get_current_object()[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._get_current_object()[key]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the value."""
        return self._get_current_object()(*args, **kwargs)


def release_local(local: Local | LocalStack) -> None:
    """Forget what it holds here."""
    local.__release_local__()


__all__ = ["Local", "LocalProxy", "LocalStack", "get_ident", "release_local"]
