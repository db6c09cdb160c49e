"""What a sync and an asyncio link have in common: packing, reading, and logging in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import hiredis

from workhorse.endpoints.logins import Address, Login, address_text
from workhorse.exceptions import ConnectionLost, ServerError

Word = str | bytes | int | float
Packed = bytes | Iterator[bytes]
"""Commands ready to be sent: all of them, or one after the other."""

CONNECT_TIMEOUT = 5.0
"""How long opening a connection may take, seconds."""

REPLY_TIMEOUT = 10.0
"""How long the server may take to answer, seconds, unless the caller says otherwise."""

KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
"""TCP options, as far as the platform has them: a dead peer is noticed within a minute."""

_LARGE = 32_768


class ProtocolError(ConnectionLost):
    """The peer does not speak RESP."""


def pack(words: Sequence[Word]) -> bytes:
    """One command as bytes."""
    for word in words:
        if type(word) is bytes and len(word) > _LARGE:
            return _pack_large(words)
    packed: bytes = hiredis.pack_command(tuple(words))  # type: ignore[arg-type]  # a tuple of any length
    return packed


def _pack_large(words: Sequence[Word]) -> bytes:
    """The same, with one copy of what is large instead of two."""
    parts: list[bytes] = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word if isinstance(word, bytes) else str(word).encode()
        parts += (b"$%d\r\n" % len(raw), raw, b"\r\n")
    return b"".join(parts)


def new_reader() -> hiredis.Reader:
    """A reader whose error replies are `ServerError` values; it raises none of them."""
    return hiredis.Reader(protocolError=ProtocolError, replyError=ServerError)


def greeting(login: Login) -> list[bytes]:
    """The commands that log in; they travel together."""
    commands: list[tuple[Word, ...]] = []
    if login.credentials is not None:
        commands.append(("AUTH", *login.credentials()))
    elif login.username is not None:
        commands.append(("AUTH", login.username, login.password or ""))
    elif login.password is not None:
        commands.append(("AUTH", login.password))
    if login.db:
        commands.append(("SELECT", login.db))
    if login.client_name:
        commands.append(("CLIENT", "SETNAME", login.client_name))
    return [pack(command) for command in commands]


def check_greeting(replies: Sequence[Any], address: Address) -> None:
    """Raise the first refusal among the answers to a greeting.

    Raises:
        ConnectionLost: The server is still loading its data.
        ServerError: The server refused the login.
    """
    for reply in replies:
        if isinstance(reply, ServerError):
            if reply.code == "LOADING":
                raise ConnectionLost(f"{address_text(address)}: {reply}")
            raise ServerError(f"{reply} (logging in at {address_text(address)})")


def lost(address: Address, error: BaseException, *, timeout: float | None = None) -> ConnectionLost:
    """The `ConnectionLost` that says what happened at *address*."""
    if isinstance(error, ConnectionLost):
        return error
    if isinstance(error, TimeoutError | BlockingIOError):
        reason = "no answer" if timeout is None else f"no answer within {timeout:g} s"
    elif isinstance(error, ConnectionError | FileNotFoundError | PermissionError) and error.errno:
        reason = os.strerror(error.errno)  # asyncio words it in its own way
    else:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ConnectionLost(f"{address_text(address)}: {reason}")
