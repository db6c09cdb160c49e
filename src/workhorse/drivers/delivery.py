"""`Delivery`: what both drivers have to decide: what to send, what to send again, when to give up.

**May a call be sent twice?** Yes: when a connection breaks, nobody knows whether the server has
seen the call. Every script is written so that a repetition changes nothing, and plain commands
only read.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from workhorse.connection import Connection
from workhorse.effects import Batch, Call
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.links.wire import pack

ELSEWHERE_OR_LATER = frozenset(
    ("MOVED", "ASK", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "LOADING", "TRYAGAIN", "BUSY")
)
"""Error replies that mean: nothing was done, ask another server, or ask again a little later.

ASK is among those that wait. It means that the slot is on its way to another node; the
namespace's other keys may still be here, and a script must not see one half of them.
"""

_NOT_DONE = ELSEWHERE_OR_LATER | {"NOSCRIPT"}

_ADVICE = {
    "NOAUTH": "put the user and the password into the server's URL: redis://user:password@host",
    "NOPERM": "let the server's ACL allow this user ~{namespace}:* &{namespace}:* and scripts",
    "OOM": "give the server more memory, or delete data; its maxmemory is reached",
    "WRONGTYPE": "something else uses this namespace's keys; choose another WORKHORSE_NAMESPACE",
}


def encode(call: Call, *, with_text: bool = False) -> bytes:
    """A call as bytes; *with_text* sends the script itself instead of its SHA."""
    script = call.script
    if script is None:
        return pack(call.words)
    if with_text:
        return pack(("EVAL", script.text, call.keys, *call.words))
    return pack(("EVALSHA", script.sha, call.keys, *call.words))


class Delivery:
    """One effect on its way: what to send next, and what came of it. It does no I/O.

    Attributes:
        packed: What is to be sent now: bytes, or the pieces of a batch that is being made.
        count: How many answers it will have; pieces have one each.
        epoch: The connection's epoch when it was sent.
    """

    __slots__ = (
        *("_calls", "_connection", "_deadline", "_open", "_replies", "_single", "_tries"),
        *("count", "epoch", "packed"),
    )

    packed: bytes | Iterator[bytes]

    def __init__(self, connection: Connection, effect: Call | Batch) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + connection.patience
        self._tries = 0
        self.epoch = connection.epoch
        if type(effect) is Call:
            self._single = True
            self._calls: list[Call] = [effect]
            self.packed = encode(effect)
            self.count = 1
        else:
            self._single = False
            calls = effect.calls  # type: ignore[union-attr]  # a Batch
            if isinstance(calls, Sequence):
                self._calls = list(calls)
                self.packed = b"".join(map(encode, calls))
                self.count = len(calls)
            else:
                self._calls = []
                self.packed = self._made(calls)
                self.count = 0
        self._replies: list[Any] = []
        self._open: list[int] = []

    @property
    def reply(self) -> Any:  # noqa: ANN401 - a reply
        """What the flow is sent: the call's answer, or the list of the batch's.

        Raises:
            ServerError: The server answered the call, or one of the batch, with an error.
        """
        for reply in self._replies:
            if isinstance(reply, ServerError):
                raise advised(reply, self._connection)
        return self._replies[0] if self._single else self._replies

    def answered(self, replies: list[Any]) -> float | None:
        """Take in the answers; returns None if that was all, else seconds until the next try.

        Raises:
            ConnectionLost: The server has refused to serve for longer than the patience lasts.
        """
        if not self._open:
            self._replies = replies
            for reply in replies:
                if isinstance(reply, ServerError):
                    break
            else:
                return None
            self._open = list(range(len(replies)))
        else:
            for index, reply in zip(self._open, replies, strict=True):
                self._replies[index] = reply
        codes = {index: _code(self._replies[index]) for index in self._open}
        self._open = [i for i, code in codes.items() if code in _NOT_DONE]
        if not self._open:
            return None
        self._pack({i for i, code in codes.items() if code == "NOSCRIPT"})
        refused = [self._replies[i] for i in self._open if codes[i] != "NOSCRIPT"]
        if not refused:
            return 0.0
        self._connection.look_again(refused[0], self.epoch)
        return self._pause(refused[0])

    def lost(self, error: ConnectionLost) -> float:
        """Take in that the connection broke; returns how long to wait before the next try.

        Raises:
            ConnectionLost: It has been broken for longer than the patience lasts.
        """
        if not isinstance(self.packed, bytes):
            for _ in self.packed:
                pass  # those that were not made yet are sent with the others
            self.packed = b"".join(map(encode, self._calls))
            self.count = len(self._calls)
        return self._pause(error)

    def _made(self, calls: Iterator[Call]) -> Iterator[bytes]:
        """The calls packed one by one, and remembered in case they must be sent again."""
        for call in calls:
            self._calls.append(call)
            yield encode(call)

    def _pack(self, unknown: set[int]) -> None:
        sent: set[str] = set()
        parts = []
        for index in self._open:
            call = self._calls[index]
            with_text = index in unknown and call.script is not None and call.script.sha not in sent
            if with_text and call.script is not None:
                sent.add(call.script.sha)
            parts.append(encode(call, with_text=with_text))
        self.packed = b"".join(parts)
        self.count = len(parts)

    def _pause(self, error: ServerError) -> float:
        self._tries += 1
        if self._connection.patience <= 0:
            raise error
        left = self._deadline - time.monotonic()
        if left <= 0:
            tries = "once" if self._tries == 1 else f"{self._tries} times"
            # A connection may have errors of its own, for those who expect another client's.
            lost = type(error) if isinstance(error, ConnectionLost) else ConnectionLost
            raise lost(f"{error} (tried {tries} within {self._connection.patience:g} s)") from error
        self.epoch = self._connection.epoch
        return min(left, backoff(self._tries, chance=random.random()))


def _code(reply: object) -> str:
    return reply.code if isinstance(reply, ServerError) else ""


def backoff(tries: int, *, chance: float) -> float:
    """Seconds to wait after so many failed tries: nothing after the first, then up to 1 s.

    The first failure is most often an idle link that broke long ago. *chance* (0 to 1) spreads
    the clients of a server that comes back.
    """
    if tries <= 1:
        return 0.0
    longest: float = min(1.0, 0.02 * 2.0 ** min(tries, 10))
    return longest * (0.5 + chance / 2)


def advised(error: ServerError, connection: Connection) -> ServerError:
    """The same error, with what to do about it where that is known."""
    advice = _ADVICE.get(error.code)
    if advice is None:
        return error
    return ServerError(f"{error}; {advice.format(namespace='{' + connection.namespace + '}')}")
