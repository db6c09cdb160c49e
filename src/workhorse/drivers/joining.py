"""Parts of calls that are there at the same time travel as one call (see `effects.Joint`).

This module is loaded by the asyncio driver alone.
"""

from __future__ import annotations

import asyncio
import copy
import weakref
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from workhorse.connection import Connection
from workhorse.drivers.delivery import Delivery, encode
from workhorse.effects import Joint
from workhorse.exceptions import ServerError

MOST: Final = 250
"""How many parts make one call at most: a larger one would keep others waiting."""

Deliver = Callable[[Connection, Delivery], Coroutine[Any, Any, Any]]


class _Call:
    """Parts that will travel together, and who waits for the reply."""

    __slots__ = ("connection", "deliver", "joint", "parts", "waiting")

    def __init__(self, connection: Connection, joint: Joint, deliver: Deliver) -> None:
        self.connection = connection
        self.joint = joint
        self.deliver = deliver
        self.parts: list[Any] = []
        self.waiting: list[asyncio.Future[Any]] = []

    def send(self) -> None:
        """Send it over the loop's link; see that it arrives if that is not there, or fails."""
        if not self.connection.asend(encode(self.joint.make(self.parts)), self._heard):
            self._take_care()

    def _heard(self, reply: object) -> None:
        if isinstance(reply, ServerError):
            self._take_care()  # from the beginning: it may arrive twice
        else:
            self._settle(reply)

    def _take_care(self) -> None:
        task = asyncio.get_running_loop().create_task(self._insist())
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    async def _insist(self) -> None:
        delivery = Delivery(self.connection, self.joint.make(self.parts))
        try:
            self._settle(await self.deliver(self.connection, delivery))
        except Exception as error:  # noqa: BLE001 - it is for those who wait
            for future in self.waiting:
                if not future.done():
                    future.set_exception(copy.copy(error))  # one of its own: tracebacks grow
        except BaseException:
            for future in self.waiting:
                future.cancel()
            raise

    def _settle(self, reply: object) -> None:
        for future in self.waiting:
            if not future.done():  # else its caller has gone
                future.set_result(reply)


def join(connection: Connection, joint: Joint, deliver: Deliver) -> asyncio.Future[Any]:
    """The reply, once it is there, to a call that this part goes with.

    Who stops waiting for it changes nothing for the others. Waiting raises:
        ServerError: The server answered with an error.
        ConnectionLost: The server stayed away for longer than the connection's patience.
    """
    loop = asyncio.get_running_loop()
    gathering = _here(loop)
    key = connection, joint.kind
    call = gathering.get(key)
    if call is None:
        call = gathering[key] = _Call(connection, joint, deliver)
        loop.call_soon(partial(_close, gathering, key, call))
    future = loop.create_future()
    call.parts.append(joint.part)
    call.waiting.append(future)
    if len(call.parts) == MOST:
        _close(gathering, key, call)
    return future


def _here(loop: asyncio.AbstractEventLoop) -> dict[Any, _Call]:
    """What gathers in a loop; most programs have one, so the latest is at hand."""
    global _latest  # noqa: PLW0603 - a race costs a look into the dictionary
    known, gathering = _latest
    if known() is not loop:
        gathering = _gathering.setdefault(loop, {})
        _latest = weakref.ref(loop), gathering
    return gathering


def _close(gathering: dict[Any, _Call], key: object, call: _Call) -> None:
    """Send a call, unless it is on its way already."""
    if gathering.get(key) is call:
        del gathering[key]
        call.send()


_Gathering = dict[Any, _Call]
_gathering: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Gathering]
_gathering = weakref.WeakKeyDictionary()
_latest: tuple[Callable[[], asyncio.AbstractEventLoop | None], _Gathering] = (lambda: None), {}
_tasks: set[asyncio.Task[None]] = set()
"""Those that take care of a call; a loop alone would forget them."""
