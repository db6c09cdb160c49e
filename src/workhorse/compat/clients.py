"""Between a program's own redis client and our `Connection`, in both directions.

A program of RQ gives its client to each queue, and expects it back as `queue.connection` and
`job.connection`. What we do ourselves goes by a `Connection` of the same address and options.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workhorse.connection import Connection, connect
from workhorse.endpoints.endpoint import Endpoint
from workhorse.exceptions import ConnectionLost
from workhorse.links.wire import REPLY_TIMEOUT, Packed
from workhorse.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workhorse.links.blocking import Link


def namespace() -> str:
    """WORKHORSE_NAMESPACE; else what RQ_KEY_PREFIX says, without braces; else `wh`."""
    return (
        os.environ.get("WORKHORSE_NAMESPACE")
        or os.environ.get("RQ_KEY_PREFIX", "").strip("{}")
        or "wh"
    )


class Way(Connection):
    """A connection whose failure is an error of the program's redis client, too."""

    def exchange(self, packed: Packed, count: int = 1, timeout: float = REPLY_TIMEOUT) -> list[Any]:
        """See `Connection.exchange`."""
        with _as_theirs():
            return super().exchange(packed, count, timeout)

    def take(self) -> Link:
        """See `Connection.take`."""
        with _as_theirs():
            return super().take()


def way_to(given: object = None) -> Connection:
    """Our connection to the server of a client, a URL, or whatever `connect` takes."""
    if isinstance(given, Connection):
        return given
    if given is None or isinstance(given, str | Endpoint):
        return connect(given, namespace())
    ways = _ways.setdefault(given, {})
    name = namespace()
    return ways.get(name) or ways.setdefault(name, Way(given, name))


class RQSource(Source):
    """A source that remembers the program's own client.

    Attributes:
        client: The client that was given; None if it was something else.
    """

    __slots__ = ("client",)

    def __init__(self, connection: object = None, serializer: object = None) -> None:
        super().__init__(connection, serializer)
        self.client = None if isinstance(connection, str | Endpoint | Connection) else connection

    @property
    def connection(self) -> Connection:
        """The way to the server."""
        if self._connection is None:
            self._connection = way_to(self._given)
        return self._connection


def client_of(source: Source) -> Any:
    """The program's redis client; one that is made for it if it gave none.

    Raises:
        ImportError: Neither redis nor valkey is installed.
    """
    given = getattr(source, "client", None)
    if given is not None:
        return given
    way = source.connection
    if way not in _clients:
        _clients[way] = _client_class().from_url(way.url)
    return _clients[way]


_ways: weakref.WeakKeyDictionary[Any, dict[str, Connection]] = weakref.WeakKeyDictionary()
_clients: weakref.WeakKeyDictionary[Connection, Any] = weakref.WeakKeyDictionary()


def _client_class() -> Any:
    for name, what in (("redis", "Redis"), ("valkey", "Valkey")):
        try:
            return getattr(import_module(name), what)
        except ImportError:
            continue
    raise ImportError("connection.* needs a client of redis or valkey: pip install redis")


@contextmanager
def _as_theirs() -> Iterator[None]:
    try:
        yield
    except ConnectionLost as error:
        theirs = _lost()
        if theirs is None or isinstance(error, theirs):
            raise
        raise theirs(str(error)) from error


@cache
def _their_error(known: type[BaseException]) -> Callable[[str], ConnectionLost]:
    return type("ConnectionLost", (ConnectionLost, known), {"__module__": __name__})


def _lost() -> Any:
    exceptions = sys.modules.get("redis.exceptions") or sys.modules.get("valkey.exceptions")
    return exceptions and _their_error(exceptions.ConnectionError)
