"""An exchange with the server as a worker makes it: its words, what is sent, what comes back."""

from __future__ import annotations

from typing import Any, NamedTuple

from workhorse.drivers import encode
from workhorse.effects import Call, Flow
from workhorse.exceptions import DuplicateWorkerError
from workhorse.ops.claim import Exchanged
from workhorse.ops.settle import Outcome


class Pending(NamedTuple):
    """An exchange that is under way, as it can be sent again."""

    number: int
    queues: list[str]
    want: int
    outcomes: list[Outcome]
    woken: bool = True
    rests: int = 0


def opened(flow: Flow[Any]) -> bytes:
    """Begin a flow of one call, such as that of an exchange: the call, as it is sent."""
    call = next(flow)
    assert isinstance(call, Call)  # noqa: S101 - for the type checker
    return encode(call)


def answer_of(flow: Flow[Exchanged], reply: object) -> Exchanged:
    """What a flow that was opened makes of the reply to its call."""
    try:
        flow.send(reply)
    except StopIteration as done:
        answer: Exchanged = done.value
        return answer
    raise AssertionError("an exchange is one call")


def replaced(name: str) -> DuplicateWorkerError:
    """The error of a worker whose name somebody else works under."""
    return DuplicateWorkerError(f"another process works under the name {name!r} by now")
