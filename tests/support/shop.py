"""A user's module: classes and functions as people write them, and what it imports."""

import functools
import os
import subprocess  # noqa: F401 - reachable from this module, and must not be through it
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime  # noqa: F401 - likewise
from enum import Enum, Flag, IntEnum
from os import system  # noqa: F401 - likewise
from typing import Any, NamedTuple


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Right(Flag):
    READ = 1
    WRITE = 2


class Bare(Enum):
    """An enum without members: calling it makes a new enum."""


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class User:
    name: str
    tags: list[str] = field(default_factory=list)
    friend: "User | None" = None

    def greet(self, word: str = "hello") -> str:
        return f"{word} {self.name}"

    @classmethod
    def load(cls, name: str) -> "User":
        return cls(name)

    @staticmethod
    def shout(word: str) -> str:
        return word.upper()

    class Address:
        def __init__(self, city: str) -> None:
            self.city = city

        def __eq__(self, other: object) -> bool:
            return isinstance(other, User.Address) and vars(self) == vars(other)

        __hash__ = None  # type: ignore[assignment]  # unhashable


@dataclass(frozen=True, slots=True)
class Money:
    amount: int
    currency: str


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: object, b: object) -> None:
        self.a = a
        self.b = b


class ModelLike:
    """Keeps its state as pydantic's models do."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)
        self.__fields_set__ = set(values)

    def __getstate__(self) -> dict[str, Any]:
        return {"__dict__": dict(self.__dict__)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "__dict__", state["__dict__"])


class Tags(list[str]):
    owner = ""


class Prices(dict[str, int]):
    pass


class OutOfStock(Exception):  # noqa: N818 - as users name them
    def __init__(self, item: str, left: int) -> None:
        super().__init__(item, left)
        self.item = item
        self.left = left


class Reducing:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Reducing, (self.path,)


class ByFunction:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("true",)


class Meta(type):
    pass


class Explosive:
    def __reduce__(self) -> tuple[Any, ...]:
        raise ZeroDivisionError("boom")

    def __repr__(self) -> str:
        raise ZeroDivisionError("boom")


class Greeter:
    def __call__(self, name: str) -> str:
        return name


def add(a: int, b: int = 2) -> int:
    return a + b


async def add_later(a: int) -> int:
    return a


def everything(a: int, /, b: int, *c: int, d: int, **e: int) -> None:
    pass


def only_named(*, key: str) -> str:
    return key


def replaced() -> None:
    pass


original = replaced


def replaced() -> None:  # type: ignore[no-redef]  # on purpose
    pass


def wrapping(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function("session", *args, **kwargs)

    return wrapper


@wrapping
def decorated(session: str, x: int) -> int:
    return x


@functools.lru_cache
def cached(x: int) -> int:
    return x


nameless = lambda x: x  # noqa: E731 - on purpose


def nesting() -> Callable[[], None]:
    def nested() -> None:
        pass

    return nested


greeter = Greeter()
table = {"a": 1}
number = 3
