"""`Connection`: the way to the server, for any number of threads, event loops and forked children.

A connection keeps idle links in a stack and opens more as they are needed. Links belong to an
*epoch*. When one breaks, or answers that it is not the place to write to, the epoch ends: what
lies in the stack is closed, what is out is closed on its return, and the next link looks for
the server anew. A forked child starts an epoch of its own.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from workhorse.endpoints.discovery import Search, find_primary, moved_to, slot_of
from workhorse.endpoints.endpoint import Endpoint
from workhorse.endpoints.logins import Address
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.keys import Keys
from workhorse.links.blocking import Link
from workhorse.links.searching import afind, find
from workhorse.links.wire import REPLY_TIMEOUT, Packed
from workhorse.memo import Memo

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from workhorse.links.aio import AsyncLink, OnMessage, Subscription
    from workhorse.links.shared import LoopLinks

_MAX_IDLE = 32


def default_namespace() -> str:
    """WORKHORSE_NAMESPACE, else `wh`."""
    return os.environ.get("WORKHORSE_NAMESPACE") or "wh"


class Connection:
    """The way to one namespace on one server, Sentinel group or Cluster.

    Nothing is opened before it is needed, and a connection that was closed opens again.

    The drivers reach the server by `exchange` and `aexchange`, and by `asend`, which may refuse: a
    test that wants the n-th call to fail overrides the first two, and has the third refuse.

    Attributes:
        endpoint: Where the server is and how to log in.
        keys: The keys of the namespace.
        namespace: Its name.
        patience: How long the drivers try again while the server is away, seconds.
        epoch: Grows when links that were opened before are of no use any more.
    """

    def __init__(
        self,
        source: str | Endpoint | object,
        namespace: str | None = None,
        *,
        patience: float = 10.0,
        revive: Callable[[], object] | None = None,
    ) -> None:
        """Make a connection; it does not reach for the server yet.

        Args:
            source: A URL, an `Endpoint`, or a client object of redis or valkey.
            namespace: Its keys begin with this in braces; default: WORKHORSE_NAMESPACE, else `wh`.
            patience: How long to try again while the server is away, seconds; 0 for never.
            revive: Called when the server cannot be reached: starts an embedded one again.

        Raises:
            EndpointError: The URL cannot be read.
            TypeError: *source* is something else.
        """
        if isinstance(source, Endpoint):
            self.endpoint = source
        elif isinstance(source, str):
            self.endpoint = Endpoint.from_url(source)
        else:
            self.endpoint = Endpoint.from_client(source)
        self.keys = Keys(namespace or default_namespace())
        self.namespace = self.keys.namespace
        self.patience = patience
        self.epoch = 0
        self._revive = revive
        self._address: Address | None = None
        self._pid = os.getpid()
        # Stacks without a lock: deque's operations are atomic, and a lock could be held by
        # another thread at the moment of a fork.
        self._idle: deque[Link] = deque()
        self._loops = _no_loops()
        self._parents: list[LoopLinks] = []

    @property
    def url(self) -> str:
        """The server's URL with its password; `str(connection)` masks it."""
        return self.endpoint.url

    def __reduce__(self) -> tuple[Any, ...]:
        """A connection that was pickled opens links of its own, in whatever process that is."""
        return _again, (self.endpoint, self.namespace, self.patience, self._revive)

    def __str__(self) -> str:
        return str(self.endpoint)

    def __repr__(self) -> str:
        return f"<Connection {self.endpoint} namespace={self.namespace!r}>"

    def for_namespace(self, namespace: str) -> Connection:
        """Another connection to the same server, for another namespace."""
        return Connection(self.endpoint, namespace, patience=self.patience, revive=self._revive)

    # Blocking

    def exchange(self, packed: Packed, count: int = 1, timeout: float = REPLY_TIMEOUT) -> list[Any]:
        """One round trip: the answers to *count* packed commands, errors as `ServerError` values.

        An iterator gives one command after the other; each is sent as soon as it is there.

        Raises:
            ConnectionLost: The server cannot be reached, went away, or did not answer in time.
        """
        link = self.take()
        try:
            replies = link.exchange(packed, count, timeout)
        except ConnectionLost:
            self._end(link.epoch)
            raise
        self.give_back(link)
        return replies

    def take(self) -> Link:
        """An idle link, or a new one; to be given back, or closed.

        Raises:
            ConnectionLost: The server cannot be reached.
            ServerError: It refused the login.
        """
        if os.getpid() != self._pid:
            self._start_in_child()
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                return self.dedicated()
            if link.epoch == self.epoch:
                return link
            link.close()

    def give_back(self, link: Link) -> None:
        """Keep a link for the next `take`; one that is of no use any more is closed."""
        if link.epoch != self.epoch or link.closed or len(self._idle) >= _MAX_IDLE:
            link.close()
        else:
            self._idle.append(link)

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Link]:
        """A link for a block of code; it is closed if the block fails.

        Raises:
            ConnectionLost: The server cannot be reached.
            ServerError: It refused the login.
        """
        link = self.take()
        try:
            yield link
        except ServerError as error:
            # An error reply is a complete answer: the link is as good as before.
            if isinstance(error, ConnectionLost):
                self._end(link.epoch)
            self.give_back(link)
            raise
        except BaseException:
            link.close()
            raise
        self.give_back(link)

    def dedicated(self) -> Link:
        """A new link that is the caller's own.

        Raises:
            ConnectionLost: The server cannot be reached.
            ServerError: It refused the login.
        """
        if os.getpid() != self._pid:
            self._start_in_child()
        try:
            return self._open()
        except ConnectionLost:
            if self._revive is None:
                raise
        self._revive()
        return self._open()

    def look_again(self, error: ServerError, epoch: int) -> None:
        """Find the server anew: it answered in *epoch* that this is not the place, or the time."""
        if epoch != self.epoch:
            return  # somebody else has seen it too
        answered_by = self._address or self.endpoint.addresses[0]
        self._end(epoch)
        if error.code == "MOVED":
            self._address = moved_to(error, answered_by)

    def close(self) -> None:
        """Close the idle links; those in use are closed when they come back.

        The links of event loops are not closed, for that is the loops' own business: see `aclose`.
        """
        self._end(self.epoch)

    # Asyncio

    async def aexchange(self, packed: Packed, count: int = 1) -> list[Any]:
        """`exchange` for asyncio; concurrent calls travel together.

        Raises:
            ConnectionLost: The server cannot be reached, went away, or did not answer in time.
        """
        link = await self.alink()
        try:
            return await link.exchange(packed, count)
        except ConnectionLost:
            self._end(link.epoch)
            raise

    async def alink(self) -> AsyncLink:
        """The link that all tasks of the running loop share; not for blocking commands.

        Raises:
            ConnectionLost: The server cannot be reached.
            ServerError: It refused the login.
        """
        return await (await self._here()).commands.get(self.epoch)

    def asend(self, packed: bytes, on_reply: Callable[[Any], None]) -> bool:
        """Send one packed command over the link of the running loop, if that is there and works.

        Args:
            packed: The command.
            on_reply: Called with the answer, which may be a `ServerError`.

        Returns:
            Whether it was sent; if not, `aexchange` opens a link.
        """
        from asyncio import get_running_loop  # noqa: PLC0415 - loaded already, here

        links = self._loops.get(get_running_loop()) if os.getpid() == self._pid else None
        link = links.commands.now(self.epoch) if links else None
        if link is not None:
            link.send(packed, on_reply)
        return link is not None

    async def adedicated(self, *, reply_timeout: float = REPLY_TIMEOUT) -> AsyncLink:
        """A new link that is the caller's own.

        Args:
            reply_timeout: How long the server may be silent; more than its commands block.

        Raises:
            ConnectionLost: The server cannot be reached.
            ServerError: It refused the login.
        """
        if os.getpid() != self._pid:
            self._start_in_child()
        try:
            return await self._aopen(reply_timeout)
        except ConnectionLost:
            if self._revive is None:
                raise
        from asyncio import to_thread  # noqa: PLC0415 - loaded already, here

        await to_thread(self._revive)
        return await self._aopen(reply_timeout)

    async def asubscribe(self, channel: str, heard: OnMessage | None = None) -> Subscription:
        """The messages of a sharded channel, as by `AsyncLink.subscribe`, over the loop's one link.

        Raises:
            ConnectionLost: The server cannot be reached.
            ServerError: It refused the login or the channel.
        """
        link = await (await self._here()).listening.get(self.epoch)
        return await link.subscribe(channel, heard)

    async def aclose(self) -> None:
        """Close the links of the running loop, and the idle blocking ones.

        Without it they are closed when the loop shuts down (`asyncio.run` does that).
        """
        (await self._here()).close()
        self.close()

    # The rest

    async def _here(self) -> LoopLinks:
        from asyncio import get_running_loop  # noqa: PLC0415 - asyncio is slow to import

        if os.getpid() != self._pid:
            self._start_in_child()
        loop = get_running_loop()
        links = self._loops.get(loop)
        if links is None:
            from workhorse.links.shared import LoopLinks  # noqa: PLC0415 - imports asyncio

            links = self._loops[loop] = LoopLinks(self.adedicated)
            await links.guard()
        return links

    def _open(self) -> Link:
        epoch = self.epoch
        try:
            if self._address is None:
                self._address = find(self._search())
            link = Link.open(self._address, self.endpoint.login)
        except ConnectionLost:
            self._end(epoch)
            raise
        link.epoch = epoch
        return link

    async def _aopen(self, reply_timeout: float) -> AsyncLink:
        from workhorse.links.aio import AsyncLink  # noqa: PLC0415 - imports asyncio

        epoch = self.epoch
        try:
            if self._address is None:
                self._address = await afind(self._search())
            link = await AsyncLink.open(
                self._address, self.endpoint.login, reply_timeout=reply_timeout
            )
        except ConnectionLost:
            self._end(epoch)
            raise
        link.epoch = epoch
        return link

    def _search(self) -> Search:
        return find_primary(self.endpoint, slot_of(self.namespace))

    def _end(self, epoch: int) -> None:
        """End an epoch, if that has not been done already."""
        if epoch != self.epoch:
            return
        self.epoch += 1
        self._address = None
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _start_in_child(self) -> None:
        """Leave the parent's links to the parent: only our copies of the descriptors are closed."""
        self._pid = os.getpid()
        self._end(self.epoch)
        # Not even dropped: their end would reach for the parent's event loop.
        self._parents.extend(self._loops.values())
        self._loops = _no_loops()


def _no_loops() -> weakref.WeakKeyDictionary[AbstractEventLoop, LoopLinks]:
    return weakref.WeakKeyDictionary()


def _again(
    endpoint: Endpoint, namespace: str, patience: float, revive: Callable[[], object] | None
) -> Connection:
    return Connection(endpoint, namespace, patience=patience, revive=revive)


def connect(connection: object = None, namespace: str | None = None) -> Connection:
    """The connection that *connection* stands for; the same one for the same argument.

    Args:
        connection: A `Connection`, a URL, a client object of redis or valkey, an `Endpoint`, or
            None for the server of WORKHORSE_URL, REDIS_URL or RQ_REDIS_URL, else a running
            embedded one, else one on localhost:6379, else a fresh embedded one.
        namespace: Default: that of *connection*, else WORKHORSE_NAMESPACE, else `wh`.

    Raises:
        EndpointError: The URL cannot be read.
        TypeError: *connection* is something else.
        NoServerError: None was named, and none could be found or may be started.
    """
    if isinstance(connection, Connection):
        if namespace in {None, connection.namespace}:
            return connection
        return connection.for_namespace(namespace)
    name = namespace or default_namespace()
    if connection is None:
        from workhorse.embedded.choosing import choose  # noqa: PLC0415 - only where it is needed

        endpoint, revive = choose()
        return _made.get(endpoint, name, lambda: Connection(endpoint, name, revive=revive))
    return _made.get(connection, name, lambda: Connection(connection, name))


_made: Memo[Connection] = Memo((str, Endpoint), most=64)
