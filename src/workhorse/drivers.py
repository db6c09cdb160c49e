"""Running flows: `run` blocks, `arun` is awaited.

A flow yields effects and the driver performs them. What both drivers have to decide, such as
what to send, whether to send it again and when to give up, is in `Delivery`; they do the I/O.

**May a call be sent twice?** Yes: when a connection breaks, nobody knows whether the server has
seen the call. Every script is written so that a repetition changes nothing, and plain commands
only read.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

from workhorse.connection import Connection
from workhorse.effects import Batch, Call, Flow, Listen
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.links.wire import pack

if TYPE_CHECKING:
    from workhorse.links.aio import Subscription
    from workhorse.links.blocking import Link

T = TypeVar("T")

PROBE_EVERY = 5.0
"""How long a listener trusts in messages alone, seconds: one may have been lost."""

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


def run(connection: Connection, flow: Flow[T]) -> T:
    """Perform a flow and return its value.

    Raises:
        ServerError: The server answered with an error, and the flow did not handle it.
        ConnectionLost: The server stayed away for longer than the connection's patience.
    """
    try:
        effect = next(flow)
        while True:
            try:
                reply = (
                    _listen(connection, effect)
                    if type(effect) is Listen
                    else _deliver(connection, Delivery(connection, effect))  # type: ignore[arg-type]  # no Listen
                )
            except Exception as error:  # noqa: BLE001 - every error is the flow's to handle
                effect = flow.throw(error)
            else:
                effect = flow.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


async def arun(connection: Connection, flow: Flow[T]) -> T:
    """Perform a flow and return its value, without blocking the event loop.

    Raises:
        ServerError: The server answered with an error, and the flow did not handle it.
        ConnectionLost: The server stayed away for longer than the connection's patience.
    """
    try:
        effect = next(flow)
        while True:
            try:
                reply = (
                    await _alisten(connection, effect)
                    if type(effect) is Listen
                    else await _adeliver(connection, Delivery(connection, effect))  # type: ignore[arg-type]  # no Listen
                )
            except Exception as error:  # noqa: BLE001 - every error is the flow's to handle
                effect = flow.throw(error)
            else:
                effect = flow.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


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
        packed: What is to be sent now.
        count: How many answers it will have.
        epoch: The connection's epoch when it was sent.
    """

    __slots__ = (
        *("_calls", "_connection", "_deadline", "_open", "_replies", "_single", "_tries"),
        *("count", "epoch", "packed"),
    )

    def __init__(self, connection: Connection, effect: Call | Batch) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + connection.patience
        self._tries = 0
        self.epoch = connection.epoch
        if type(effect) is Call:
            self._single = True
            self._calls: tuple[Call, ...] = (effect,)
            self.packed = encode(effect)
            self.count = 1
        else:
            self._single = False
            self._calls = tuple(effect.calls)  # type: ignore[union-attr]  # a Batch
            self.packed = b"".join(map(encode, self._calls))
            self.count = len(self._calls)
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
                raise _advised(reply, self._connection)
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
        return self._pause(error)

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
            raise ConnectionLost(
                f"{error} (tried {tries} within {self._connection.patience:g} s)"
            ) from error
        self.epoch = self._connection.epoch
        return min(left, backoff(self._tries, chance=random.random()))  # noqa: S311 - no secret


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


def _deliver(connection: Connection, delivery: Delivery) -> Any:  # noqa: ANN401 - a reply
    while True:
        try:
            pause = delivery.answered(connection.exchange(delivery.packed, delivery.count))
        except ConnectionLost as error:
            pause = delivery.lost(error)
        if pause is None:
            return delivery.reply
        if pause:
            time.sleep(pause)


async def _adeliver(connection: Connection, delivery: Delivery) -> Any:  # noqa: ANN401 - a reply
    while True:
        try:
            pause = delivery.answered(await connection.aexchange(delivery.packed, delivery.count))
        except ConnectionLost as error:
            pause = delivery.lost(error)
        if pause is None:
            return delivery.reply
        if pause:
            await _asleep(pause)


class _Patience:
    """When a listener probes next; shared by both drivers."""

    def __init__(self, timeout: float | None) -> None:
        self._deadline = None if timeout is None else time.monotonic() + timeout

    @property
    def over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def until_next(self, *, subscribed: bool) -> float:
        """Seconds to wait for a message; short while there is no subscription."""
        wait = PROBE_EVERY if subscribed else 0.25
        if self._deadline is None:
            return wait
        return max(0.0, min(wait, self._deadline - time.monotonic()))


def _listen(connection: Connection, listen: Listen) -> Any:  # noqa: ANN401 - what the probe found
    patience = _Patience(listen.timeout)
    link: Link | None = None
    try:
        while True:
            if link is None and not patience.over:
                link = _subscribed(connection, listen.channel)
            found = run(connection, listen.probe())
            if found is not None or patience.over:
                return found
            wait = patience.until_next(subscribed=link is not None)
            if link is None:
                time.sleep(wait)
                continue
            try:
                link.next_message(wait)
            except ConnectionLost:
                link = None
    finally:
        if link is not None:
            link.unsubscribe()
            connection.give_back(link)


async def _alisten(connection: Connection, listen: Listen) -> Any:  # noqa: ANN401 - as above
    patience = _Patience(listen.timeout)
    subscription: Subscription | None = None
    try:
        while True:
            if subscription is None and not patience.over:
                subscription = await _asubscribed(connection, listen.channel)
            found = await arun(connection, listen.probe())
            if found is not None or patience.over:
                return found
            wait = patience.until_next(subscribed=subscription is not None)
            if subscription is None:
                await _asleep(wait)
                continue
            try:
                await subscription.next_message(wait)
            except ConnectionLost:
                subscription = None
    finally:
        if subscription is not None:
            subscription.close()


def _subscribed(connection: Connection, channel: str) -> Link | None:
    """A link that listens, or None if there can be none now; the probe's patience counts then."""
    epoch = connection.epoch
    link = None
    try:
        link = connection.take()
        link.subscribe(channel)
    except ServerError as error:
        if link is not None:
            link.close()
        _not_now(connection, error, epoch)
        return None
    return link


async def _asubscribed(connection: Connection, channel: str) -> Subscription | None:
    epoch = connection.epoch
    try:
        return await connection.asubscribe(channel)
    except ServerError as error:
        _not_now(connection, error, epoch)
        return None


def _not_now(connection: Connection, error: ServerError, epoch: int) -> None:
    """Pass over an error that will pass; raise any other."""
    if not isinstance(error, ConnectionLost) and error.code not in ELSEWHERE_OR_LATER:
        raise _advised(error, connection)
    connection.look_again(error, epoch)


def _advised(error: ServerError, connection: Connection) -> ServerError:
    advice = _ADVICE.get(error.code)
    if advice is None:
        return error
    return ServerError(f"{error}; {advice.format(namespace='{' + connection.namespace + '}')}")


async def _asleep(seconds: float) -> None:
    from asyncio import sleep  # noqa: PLC0415 - loaded already, here

    await sleep(seconds)
