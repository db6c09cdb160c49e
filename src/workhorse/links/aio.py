"""`AsyncLink`: one asyncio connection to the server, shared by all who await it.

Commands that are sent in one turn of the event loop travel in one write, and answers are
matched to them in order. A caller that stops waiting changes nothing: its answer is
received and dropped, so that no other caller ever gets it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from workhorse.endpoints.logins import Address, Login, address_text
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.links.blocking import keep_alive
from workhorse.links.wire import (
    CONNECT_TIMEOUT,
    REPLY_TIMEOUT,
    Packed,
    Word,
    check_greeting,
    greeting,
    lost,
    new_reader,
    pack,
)

_BUFFER_SIZE = 262_144

OnReply = Callable[[Any], None]
"""Called once with a reply, a `ServerError` value, or a `ConnectionLost` value."""
OnMessage = Callable[[bytes | ConnectionLost], None]


class AsyncLink(asyncio.BufferedProtocol):
    """One asyncio connection; use it from its own event loop only.

    Attributes:
        address: The server's address.
        epoch: For the owner's use: which generation of links this one belongs to.
        reply_timeout: How long the server may be silent while answers are due, seconds. Give a
            link that carries blocking commands more than they block.
    """

    def __init__(self, address: Address, *, reply_timeout: float = REPLY_TIMEOUT) -> None:
        self.address = address
        self.epoch = 0
        self.reply_timeout = reply_timeout
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = new_reader()
        # Our own: asyncio would allocate 256 kB for each read and give nearly all of it back.
        self._buffer = memoryview(bytearray(_BUFFER_SIZE))
        self._waiting: deque[OnReply] = deque()
        self._outbox: list[bytes] = []
        self._subscriptions: dict[bytes, set[Subscription]] | None = None
        self._progress = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._error: ConnectionLost | None = None

    @classmethod
    async def open(
        cls,
        address: Address,
        login: Login,
        *,
        timeout: float = CONNECT_TIMEOUT,  # noqa: ASYNC109 - the same in `Link.open`
        reply_timeout: float = REPLY_TIMEOUT,
    ) -> AsyncLink:
        """A link that is connected and logged in.

        Raises:
            ConnectionLost: The server cannot be reached within *timeout* seconds.
            ServerError: It refused the login.
        """
        link = cls(address, reply_timeout=reply_timeout)
        try:
            async with asyncio.timeout(timeout):
                await link._connect(login)
                commands = greeting(login)
                if commands:
                    check_greeting(await link.exchange(b"".join(commands), len(commands)), address)
        except ConnectionLost:
            link.close()
            raise
        except OSError as error:
            link.close()
            raise lost(address, error, timeout=timeout) from error
        except BaseException:
            link.close()
            raise
        return link

    @property
    def closed(self) -> bool:
        """Whether this link is of no use any more."""
        return self._error is not None

    def send(self, packed: bytes, on_reply: OnReply) -> None:
        """Send one packed command; *on_reply* is called with its answer, once, later.

        It never raises, and neither should *on_reply*: what it raises is logged by the loop.
        """
        self.send_many(packed, (on_reply,))

    def send_many(self, packed: bytes, on_replies: Sequence[OnReply]) -> None:
        """Send several packed commands, one for each of *on_replies*."""
        if self._error is not None:
            for on_reply in on_replies:
                self._loop.call_soon(on_reply, self._error)
            return
        if not self._waiting:
            self._progress = self._loop.time()
            if self._watch is None:
                self._watch = self._loop.call_later(self.reply_timeout, self._look)
        self._waiting.extend(on_replies)
        if not self._outbox:
            self._loop.call_soon(self.flush)
        self._outbox.append(packed)

    async def request(self, words: Sequence[Word]) -> Any:  # noqa: ANN401 - a reply
        """The answer to one command.

        Raises:
            ServerError: The server answered with an error.
            ConnectionLost: The link broke, or no answer came in time; the link is closed.
        """
        reply = (await self.exchange(pack(words)))[0]
        if isinstance(reply, ServerError):
            raise reply
        return reply

    async def exchange(self, packed: Packed, count: int = 1) -> list[Any]:
        """The answers to *count* packed commands; errors among them are `ServerError` values.

        Of an iterator each command is sent as soon as it is there, in a turn of its own, and all
        are answered.

        Raises:
            ConnectionLost: The link broke, or no answer came in time; the link is closed.
        """
        if not isinstance(packed, bytes):
            return await self._exchange_each(packed)
        replies: list[Any] = []
        if not count:
            return replies
        future: asyncio.Future[list[Any]] = self._loop.create_future()
        settle = partial(_settle, future, replies)
        if count == 1:
            self.send(packed, settle)
        else:
            self.send_many(packed, [*[replies.append] * (count - 1), settle])
        return await future

    async def _exchange_each(self, pieces: Iterator[bytes]) -> list[Any]:
        sent: list[asyncio.Future[list[Any]]] = []
        try:
            for piece in pieces:
                sent.append(self._loop.create_future())
                self.send(piece, partial(_settle, sent[-1], []))
                await asyncio.sleep(0)
            return [reply for answer in await asyncio.gather(*sent) for reply in answer]
        finally:
            for answer in sent:
                answer.cancel()

    async def subscribe(self, channel: str, heard: OnMessage | None = None) -> Subscription:
        """Receive what is published on a sharded channel from now on.

        Several subscriptions share a link; commands other than subscriptions do not belong on it.

        Args:
            channel: Its name.
            heard: Called at once with each message, and at last with a `ConnectionLost`; None:
                they are waited for.

        Raises:
            ServerError: The server refused.
            ConnectionLost: The link broke.
        """
        name = channel.encode()
        subscription = Subscription(self, name, heard)
        if self._subscriptions is None:
            self._subscriptions = {}
        self._subscriptions.setdefault(name, set()).add(subscription)
        try:
            # Asked anew even if others have the channel: an UNSUBSCRIBE may be on its way.
            await self.request(("SSUBSCRIBE", channel))
        except BaseException:
            subscription.close()
            raise
        return subscription

    def close(self, error: ConnectionLost | None = None) -> None:
        """Close the connection; whoever still waits gets `ConnectionLost`."""
        if self._error is None:
            self._error = error or ConnectionLost(
                f"{address_text(self.address)}: the link was closed"
            )
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._outbox.clear()
        if self._transport is not None:
            self._transport.abort()
        while self._waiting:
            self._deliver(self._waiting.popleft(), self._error)
        groups, self._subscriptions = self._subscriptions or {}, None
        for subscription in [one for group in groups.values() for one in group]:
            subscription._put(self._error)  # noqa: SLF001 - a friend

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand each complete answer to whoever waits for it."""
        reader = self._reader
        self._progress = self._loop.time()
        try:
            reader.feed(self._buffer, 0, nbytes)  # type: ignore[arg-type]  # it takes any buffer
            while (reply := reader.gets()) is not False:
                if self._subscriptions is not None and self._publish(reply, self._subscriptions):
                    continue
                if not self._waiting:
                    raise ConnectionLost(f"{address_text(self.address)}: unexpected {reply!r:.100}")
                self._deliver(self._waiting.popleft(), reply)
        except ConnectionLost as error:
            self.close(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits."""
        error = ConnectionError("the server closed the connection") if exc is None else exc
        self.close(lost(self.address, error))

    # The rest

    async def _connect(self, login: Login) -> None:
        if isinstance(self.address, str):
            await self._loop.create_unix_connection(lambda: self, self.address)
            return
        host, port = self.address
        if login.tls is None:
            transport, _ = await self._loop.create_connection(lambda: self, host, port)
        else:
            context = login.tls.context()
            transport, _ = await self._loop.create_connection(
                lambda: self, host, port, ssl=context, server_hostname=host
            )
        keep_alive(transport.get_extra_info("socket"))

    def flush(self) -> None:
        """Write what was given to `send` now, instead of when the loop comes round."""
        if self._outbox and self._transport is not None:
            self._transport.write(b"".join(self._outbox))
        self._outbox.clear()

    def _deliver(self, on_reply: OnReply, reply: Any) -> None:  # noqa: ANN401 - a reply
        try:
            on_reply(reply)
        except Exception as error:  # noqa: BLE001 - one caller's mistake must not cost the others
            self._loop.call_exception_handler(
                {"message": f"{on_reply!r} failed", "exception": error, "protocol": self}
            )

    def _publish(self, reply: Any, groups: dict[bytes, set[Subscription]]) -> bool:  # noqa: ANN401 - a reply
        """Whether the reply is a message, and no answer; only for a link that has subscribed."""
        kind = reply[0] if type(reply) is list else None
        if kind == b"smessage":
            for subscription in tuple(groups.get(reply[1], ())):
                subscription._put(reply[2])  # noqa: SLF001 - a friend
            return True
        if kind == b"sunsubscribe" and not self._waiting:
            raise ConnectionLost(f"{address_text(self.address)}: the channel has moved")
        return False

    def _leave(self, subscription: Subscription) -> None:
        group = (self._subscriptions or {}).get(subscription.channel)
        if self._subscriptions is None or group is None or subscription not in group:
            return
        group.discard(subscription)
        if not group:
            del self._subscriptions[subscription.channel]
            self.send(pack(("SUNSUBSCRIBE", subscription.channel)), _ignore)

    def _look(self) -> None:
        """Give up a server that owes answers and has been silent for too long."""
        self._watch = None
        if not self._waiting:
            return
        silent = self._loop.time() - self._progress
        if silent >= self.reply_timeout:
            self.close(lost(self.address, TimeoutError(), timeout=self.reply_timeout))
        else:
            self._watch = self._loop.call_later(self.reply_timeout - silent, self._look)


class Subscription:
    """The messages of one channel, for one listener."""

    __slots__ = ("_heard", "_link", "_messages", "_waiter", "channel")

    def __init__(self, link: AsyncLink, channel: bytes, heard: OnMessage | None = None) -> None:
        self.channel = channel
        self._heard = heard
        self._link = link
        self._messages: deque[bytes | ConnectionLost] = deque()
        self._waiter: asyncio.Future[None] | None = None

    async def next_message(self, timeout: float | None) -> bytes | None:  # noqa: ASYNC109 - None, no error
        """The next message, or None after *timeout* seconds.

        Raises:
            ConnectionLost: The link broke, or the channel has moved to another server.
        """
        if not self._messages:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._waiter
            except TimeoutError:
                return None
            finally:
                self._waiter = None
        message = self._messages.popleft()
        if isinstance(message, ConnectionLost):
            raise message
        return message

    def close(self) -> None:
        """End the subscription."""
        self._link._leave(self)  # noqa: SLF001 - a friend

    def _put(self, message: bytes | ConnectionLost) -> None:
        if self._heard is not None:
            self._heard(message)
            return
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _settle(future: asyncio.Future[list[Any]], replies: list[Any], reply: Any) -> None:  # noqa: ANN401 - a reply
    if future.done():  # its caller has gone
        return
    if isinstance(reply, ConnectionLost):
        future.set_exception(ConnectionLost(str(reply)))  # one of its own: tracebacks grow
    else:
        replies.append(reply)
        future.set_result(replies)


def _ignore(_: object) -> None:
    pass
