"""Functions that tests enqueue; tests that play the worker never call them."""

from __future__ import annotations


def add(a, b=1):
    return a + b


def anything(*args, **kwargs):
    return args, kwargs


def clash(args, kwargs, description="", depends_on=None):
    return args, kwargs, description, depends_on


async def later(a):
    return a


class Greeter:
    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return isinstance(other, Greeter) and other.name == self.name

    def __hash__(self):
        return hash(self.name)

    def greet(self, word="hello"):
        return f"{word} {self.name}"
