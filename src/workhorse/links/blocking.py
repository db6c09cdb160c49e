"""`Link`: one blocking connection to the server.

A link carries one exchange at a time: write commands, read as many answers. If anything goes
wrong between the two, whatever it is, the link closes: an answer that is still on its way
must never be read by the next caller.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from workhorse.endpoints.logins import Address, Login, address_text
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.links.wire import (
    CONNECT_TIMEOUT,
    KEEPALIVE,
    REPLY_TIMEOUT,
    Packed,
    Word,
    check_greeting,
    greeting,
    lost,
    new_reader,
    pack,
)

if TYPE_CHECKING:
    import ssl

_BUFFER_SIZE = 65536
LOOK = 0.0001
"""How long to look for an answer before falling asleep over it, seconds."""
LOOK_OUT = 0.001
"""How long to look for a message: a quick job, there and back, takes less time than that."""


class _Socket(socket.socket):
    """A socket that needs no close: whole connections may be dropped without a word."""

    def __del__(self) -> None:
        self.close()


class Link:
    """One blocking connection; use it from one thread at a time.

    Attributes:
        address: The server's address.
        epoch: For the owner's use: which generation of links this one belongs to.
    """

    __slots__ = ("_buffer", "_leaving", "_reader", "_socket", "_timeout", "address", "epoch")

    def __init__(self, sock: socket.socket, address: Address) -> None:
        self.address = address
        self.epoch = 0
        self._socket: socket.socket | None = sock
        self._reader = new_reader()
        self._buffer = bytearray(_BUFFER_SIZE)
        self._timeout: float | None = None
        self._leaving = False

    @classmethod
    def open(cls, address: Address, login: Login, *, timeout: float = CONNECT_TIMEOUT) -> Link:
        """A link that is connected and logged in.

        Raises:
            ConnectionLost: The server cannot be reached within *timeout* seconds.
            ServerError: It refused the login.
        """
        try:
            sock = _connect(address, login, timeout)
        except OSError as error:
            raise lost(address, error, timeout=timeout) from error
        link = cls(sock, address)
        commands = greeting(login)
        if commands:
            try:
                check_greeting(link.exchange(b"".join(commands), len(commands), timeout), address)
            except BaseException:
                link.close()
                raise
        return link

    @property
    def closed(self) -> bool:
        """Whether this link is of no use any more."""
        return self._socket is None

    def fileno(self) -> int:
        """The socket's file descriptor; -1 when closed."""
        return -1 if self._socket is None else self._socket.fileno()

    def call(self, words: Sequence[Word], timeout: float = REPLY_TIMEOUT) -> Any:  # noqa: ANN401 - a reply
        """The answer to one command.

        Args:
            words: The command.
            timeout: How long to wait for the answer, seconds; more than a blocking command blocks.

        Raises:
            ServerError: The server answered with an error.
            ConnectionLost: The link broke, or no answer came in time; the link is closed.
        """
        reply = self.exchange(pack(words), 1, timeout)[0]
        if isinstance(reply, ServerError):
            raise reply
        return reply

    def exchange(self, packed: Packed, count: int = 1, timeout: float = REPLY_TIMEOUT) -> list[Any]:
        """The answers to *count* packed commands; errors among them are `ServerError` values.

        Of an iterator each command is sent as soon as it is there, and all are answered.

        Raises:
            ConnectionLost: The link broke, or no answer came in time; the link is closed.
        """
        if isinstance(packed, bytes):
            self.post(packed, timeout)
            return self.collect(count)
        count = 0
        try:
            for count, piece in enumerate(packed, 1):  # noqa: B007 - it is used after the loop
                self.post(piece, timeout)
        except BaseException:
            self.close()
            raise
        return self.collect(count)

    def post(self, packed: bytes, timeout: float = REPLY_TIMEOUT) -> None:
        """Send packed commands; whatever comes next on this link is `collect`.

        Raises:
            ConnectionLost: The link broke; it is closed.
        """
        sock = self._socket
        if sock is None:
            raise ConnectionLost(f"{address_text(self.address)}: the link is closed")
        try:
            if timeout != self._timeout:
                self._set_timeout(sock, timeout)
            sock.sendall(packed)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            self._fail(error, timeout)

    def collect(self, count: int = 1) -> list[Any]:
        """The answers to what was posted; errors among them are `ServerError` values.

        Raises:
            ConnectionLost: The link broke, or no answer came in time; the link is closed.
        """
        sock = self._socket
        if sock is None:
            raise ConnectionLost(f"{address_text(self.address)}: the link is closed")
        try:
            if self._leaving:
                self._drain(sock)
            replies: list[Any] = []
            while len(replies) < count:
                replies.append(self._read(sock))
            return replies
        except BaseException as error:  # noqa: BLE001 - it is raised again
            self._fail(error, self._timeout)

    def subscribe(self, channel: str, timeout: float = REPLY_TIMEOUT) -> None:
        """Receive what is published on a sharded channel from now on; see `next_message`.

        Raises:
            ServerError: The server refused.
            ConnectionLost: The link broke.
        """
        self.call(("SSUBSCRIBE", channel), timeout)

    def next_message(self, timeout: float) -> bytes | None:
        """The next message of the subscribed channel, or None after *timeout* seconds.

        Raises:
            ConnectionLost: The link broke, or the channel has moved to another server.
        """
        sock = self._socket
        if sock is None:
            raise ConnectionLost(f"{address_text(self.address)}: the link is closed")
        deadline = time.monotonic() + timeout
        look = LOOK_OUT
        try:
            while True:
                reply = self._reader.gets()
                if reply is False:
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        return None
                    self._set_timeout(sock, remaining)
                    try:
                        self._fill(sock, look)
                    except (TimeoutError, BlockingIOError):
                        return None
                    look = LOOK
                elif reply[0] == b"smessage":
                    message: bytes = reply[2]
                    return message
                elif reply[0] == b"sunsubscribe":
                    raise ConnectionLost(f"{address_text(self.address)}: the channel has moved")
        except BaseException as error:  # noqa: BLE001 - it is raised again
            self._fail(error)

    def unsubscribe(self) -> None:
        """End the subscription; the link can be used for commands again.

        Does not wait for the server's confirmation, the next exchange reads it.
        """
        sock = self._socket
        if sock is None:
            return
        try:
            sock.sendall(pack(("SUNSUBSCRIBE",)))
        except BaseException as error:
            self.close()
            if not isinstance(error, OSError):
                raise
        self._leaving = True

    def close(self) -> None:
        """Close the socket's descriptor, and nothing else: a forked child may do this too."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()

    def _read(self, sock: socket.socket) -> Any:  # noqa: ANN401 - a reply
        reply = self._reader.gets()
        while reply is False:
            self._fill(sock)
            reply = self._reader.gets()
        return reply

    def _fill(self, sock: socket.socket, look: float = LOOK) -> None:
        size = self._soon(sock, look)
        if size is None:
            size = sock.recv_into(self._buffer)
        if not size:
            raise ConnectionLost(f"{address_text(self.address)}: the server closed the connection")
        self._reader.feed(self._buffer, 0, size)  # type: ignore[arg-type]  # it takes any buffer

    def _soon(self, sock: socket.socket, seconds: float) -> int | None:
        """What comes while it is looked for; None if nothing did.

        Most answers are there within 100 us, and to fall asleep and be woken takes half as long
        again: looking makes a call 1.6 times as fast for a quarter more processor time. Each
        look gives way to others first, the server among them if there is one processor.
        """
        if not isinstance(sock, _Socket):
            return None  # TLS knows no such look
        # By the clock, not by their number: on a busy machine each may take its time.
        until = time.monotonic() + seconds
        while True:
            try:
                return sock.recv_into(self._buffer, 0, socket.MSG_DONTWAIT)
            except BlockingIOError:
                os.sched_yield()
            if time.monotonic() >= until:
                return None

    def _fail(self, error: BaseException, timeout: float | None = None) -> NoReturn:
        """Close, and raise the error, as `ConnectionLost` if it is the operating system's."""
        self.close()
        if isinstance(error, OSError) and not isinstance(error, ConnectionLost):
            raise lost(self.address, error, timeout=timeout) from error
        raise error

    def _drain(self, sock: socket.socket) -> None:
        """Read what is left of a subscription, up to its end."""
        while self._read(sock)[0] != b"sunsubscribe":
            pass
        self._leaving = False

    def _set_timeout(self, sock: socket.socket, timeout: float) -> None:
        # The kernel's own timeouts spare a poll() before every send and recv, which Python's
        # settimeout() costs; TLS does several reads for one of ours and needs the latter.
        if hasattr(sock, "cipher"):
            sock.settimeout(timeout)
        else:
            whole = int(timeout)
            # A timeval of zero would mean forever.
            value = struct.pack("@ll", whole, max(1, int((timeout - whole) * 1e6)))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)
        self._timeout = timeout


def _connect(address: Address, login: Login, timeout: float) -> socket.socket:
    if isinstance(address, str):
        sock = _Socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout)
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
    else:
        sock = _Socket(fileno=socket.create_connection(address, timeout).detach())
        sock.settimeout(timeout)
        keep_alive(sock)
        if login.tls is not None:
            context = login.tls.context()
            context.sslsocket_class = _tls_socket_class()
            try:
                return context.wrap_socket(sock, server_hostname=address[0])
            except BaseException:
                sock.close()
                raise
    sock.settimeout(None)
    return sock


@cache
def _tls_socket_class() -> type[ssl.SSLSocket]:
    import ssl  # noqa: PLC0415 - slow to import, and most connections need none of it

    class TlsSocket(ssl.SSLSocket):
        """As `_Socket`."""

        def __del__(self) -> None:
            self.close()

    return TlsSocket


def keep_alive(sock: socket.socket) -> None:
    """Send small packets at once, and notice a peer that is gone."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
