"""What a flow may ask of the world.

An operation is a *flow*: a generator that yields effects, receives their replies, and
returns a value. It does no I/O and reads no clock, so the same flow runs under the sync
and the asyncio driver, and a test can fail any of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from typing import Any, TypeVar

from workhorse.scripts import Script

T = TypeVar("T")

Word = str | bytes | int | float
"""One word of a command."""


class Call:
    """One script or command for the server; its reply is sent back into the flow.

    Strings arrive as `bytes`, integers as `int`, nil as `None`, lists as lists.

    Attributes:
        script: The script to run, or None for a plain command.
        words: The keys and arguments after the number of keys, or the whole command.
        keys: How many of `words` are keys; 0 for a plain command.
    """

    __slots__ = ("keys", "script", "words")

    def __init__(self, script: Script | None, words: Sequence[Word], keys: int = 1) -> None:
        self.script = script
        self.words = words
        self.keys = keys

    def __repr__(self) -> str:
        what = self.script.name if self.script else "command"
        return f"<Call {what} {self.words!r:.120}>"


def command(*words: Word) -> Call:
    """A plain command, such as `command("HGETALL", key)`."""
    return Call(None, words, 0)


class Batch:
    """Several calls that travel together; their replies come back as a list.

    They are not one transaction: a script is. An iterator is made use of while it goes on: the
    server is at work on the first calls when the last ones are made.
    """

    __slots__ = ("calls",)

    def __init__(self, calls: Sequence[Call] | Iterator[Call]) -> None:
        self.calls = calls


class Joint:
    """A part of a call that others may share; the reply is that of the whole call.

    The asyncio driver makes one call of all parts of a kind that are there in one turn of its loop.
    So a part is one that no other can make fail: an error reply is everybody's.

    Attributes:
        kind: Which parts may share a call.
        part: What this one brings.
        make: Makes the call of some parts.
    """

    __slots__ = ("kind", "make", "part")

    def __init__(self, kind: Hashable, part: Any, make: Callable[[Sequence[Any]], Call]) -> None:  # noqa: ANN401 - known to `make`
        self.kind = kind
        self.part = part
        self.make = make


class Here:
    """Do something in this process that takes its time, such as running a job.

    The asyncio driver does it in a thread. Its value is sent back into the flow.
    """

    __slots__ = ("work",)

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work


class Listen:
    """Wait until a probe finds something, woken by messages on a channel.

    The driver subscribes first and then runs `probe()`; each message, and every few seconds
    without one, makes it run the probe again. The reply is the first probe result that is
    not None, or None when the time is up. What `heard` makes of a message saves the probe,
    unless that is None.
    """

    __slots__ = ("channel", "heard", "probe", "timeout")

    def __init__(
        self,
        channel: str,
        probe: Callable[[], Flow[Any]],
        timeout: float | None,
        heard: Callable[[bytes], Any] = lambda _: None,
    ) -> None:
        self.channel = channel
        self.probe = probe
        self.timeout = timeout
        self.heard = heard


Effect = Call | Batch | Joint | Here | Listen
Flow = Generator[Effect, Any, T]
"""An operation: yields effects, is sent replies, returns a `T`."""
