"""Running flows: `run` blocks, `arun` is awaited.

A flow yields effects and the driver performs them. What both drivers have to decide is in
`delivery`; here they do the I/O, always by `Connection.exchange` and `aexchange`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from workhorse.connection import Connection
from workhorse.drivers.delivery import ELSEWHERE_OR_LATER, Delivery, advised
from workhorse.effects import Batch, Call, Effect, Flow, Joint, Listen
from workhorse.exceptions import ConnectionLost, ServerError

if TYPE_CHECKING:
    from workhorse.links.aio import Subscription
    from workhorse.links.blocking import Link

T = TypeVar("T")

_CALLS = (Call, Batch)
PROBE_EVERY = 5.0
"""How long a listener trusts in messages alone, seconds: one may have been lost."""


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
                reply = _performed(connection, effect)
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
                reply = await (
                    _joining()(connection, effect, adeliver)
                    if type(effect) is Joint
                    else _aperformed(connection, effect)
                )
            except Exception as error:  # noqa: BLE001 - every error is the flow's to handle
                effect = flow.throw(error)
            else:
                effect = flow.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


def _performed(connection: Connection, effect: Effect) -> Any:  # noqa: ANN401 - a reply
    if isinstance(effect, Joint):
        effect = effect.make((effect.part,))
    if isinstance(effect, _CALLS):
        return _deliver(connection, Delivery(connection, effect))
    if isinstance(effect, Listen):
        return _listen(connection, effect)
    return effect.work()


@cache
def _joining() -> Callable[..., Awaitable[Any]]:
    from workhorse.drivers.joining import join  # noqa: PLC0415 - imports asyncio

    return join


async def _aperformed(connection: Connection, effect: Effect) -> Any:  # noqa: ANN401 - a reply
    if isinstance(effect, _CALLS):
        return await adeliver(connection, Delivery(connection, effect))
    if isinstance(effect, Listen):
        return await _alisten(connection, effect)
    import asyncio  # noqa: PLC0415 - as elsewhere here: the blocking driver needs none of it

    return await asyncio.to_thread(effect.work)  # type: ignore[union-attr]  # no Joint comes here


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


async def adeliver(connection: Connection, delivery: Delivery) -> Any:  # noqa: ANN401 - a reply
    """Send what is to be sent until it is answered; the reply."""
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
                message = link.next_message(wait)
            except ConnectionLost:
                link = None
                continue
            if message is not None and (found := listen.heard(message)) is not None:
                return found
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
                message = await subscription.next_message(wait)
            except ConnectionLost:
                subscription = None
                continue
            if message is not None and (found := listen.heard(message)) is not None:
                return found
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
        raise advised(error, connection)
    connection.look_again(error, epoch)


async def _asleep(seconds: float) -> None:
    from asyncio import sleep  # noqa: PLC0415 - loaded already, here

    await sleep(seconds)
