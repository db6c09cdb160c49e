"""What all handles stand on: the way to a server, and how to read what is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workhorse.codec import Codec
from workhorse.envelopes import codec_for

if TYPE_CHECKING:
    from workhorse.connection import Connection


class Source:
    """A connection and a codec, both made when they are first needed.

    A queue and all jobs that came from it share one.

    Args:
        connection: A URL, a `Connection`, a client object of redis or valkey, or None to look
            for a server.
        serializer: What encodes and decodes: None, 'values', 'json', 'pickle', ..., or a `Codec`.
        allow: For the default serializer: patterns of the classes that it writes and reads.
    """

    __slots__ = ("_allow", "_codec", "_connection", "_given", "_serializer")

    def __init__(
        self, connection: object = None, serializer: object = None, allow: Iterable[str] = ()
    ) -> None:
        self._given = connection
        self._connection: Connection | None = None
        self._serializer = serializer
        self._allow = allow
        self._codec = serializer if isinstance(serializer, Codec) else None

    @property
    def connection(self) -> Connection:
        """The way to the server.

        Raises:
            NoServerError: None was named, and none was found.
        """
        if self._connection is None:
            from workhorse.connection import connect  # noqa: PLC0415 - few horses need one

            self._connection = connect(self._given)
        return self._connection

    @property
    def namespace(self) -> str:
        """The connection's."""
        return self.connection.namespace

    @property
    def codec(self) -> Codec:
        """Seals and opens arguments, results and meta.

        Raises:
            ValueError: There is no such serializer, or the environment's secret makes no sense.
        """
        if self._codec is None:
            self._codec = codec_for(self._serializer, self._allow)
        return self._codec
