"""Messages between supervisor and horse, kept whole, and beside them what is too large for one.

What is large travels as a file of memory whose descriptor goes with the message: it is written once
and read once, however large, and nobody waits for the other to make room. Whoever receives the
message without the descriptor, as the supervisor does when it takes back a job, has closed it.

What comes from a horse is not trusted: user code runs there and could send any descriptor.
"""

from __future__ import annotations

import _socket
import os
import socket
import stat
import struct
from typing import Final

from workhorse.worker.memory import keep_memory

LARGEST: Final = 16_000
"""The largest message, bytes: what is larger goes beside it. Socket buffers are 200 kB and more."""
RECEIVE: Final = LARGEST + 1
KIND: Final = getattr(socket, "SOCK_SEQPACKET", socket.SOCK_DGRAM)
End = _socket.socket
"""One end of a channel; what `socket` adds to it is not needed."""

Parcel = tuple[bytes, bytes]
"""A message, and what goes beside it, or b''."""

_FD: Final = struct.Struct("i")
_ONE_FD: Final = socket.CMSG_LEN(_FD.size)
# Plain integers: of those of `socket`, which are enums, an | takes 4 us.
NO_WAIT: Final = int(socket.MSG_DONTWAIT)
_CLOSED_ON_EXEC: Final = int(getattr(socket, "MSG_CMSG_CLOEXEC", 0))


class BadParcel(Exception):  # noqa: N818 - reads as a sentence
    """What is beside a message is not what we send."""


def channel() -> tuple[socket.socket, socket.socket]:
    """A sending and a receiving end."""
    sending, receiving = socket.socketpair(socket.AF_UNIX, KIND)
    return sending, receiving


def send(end: End, message: bytes, beside: bytes = b"") -> None:
    """Send a message, and what goes beside it.

    Raises:
        OSError: There is no room, the other side is gone, or there is no memory for what goes
            beside it: nothing was sent.
    """
    if not beside:
        end.send(message)
        return
    keep_memory()
    fd = _written(beside)
    try:
        socket.send_fds(end, [message], [fd])  # type: ignore[arg-type]  # it has `sendmsg`
    finally:
        os.close(fd)


def receive(end: End, flags: int = 0, *, most: int | None = None) -> Parcel | None:
    """The next message, with what is beside it; None when the other side has closed.

    Args:
        end: Where it comes from.
        flags: Of `recv`.
        most: How much may be beside it, from somebody who is not trusted, bytes.

    Raises:
        BlockingIOError: There is none, and the end or the flags say not to wait.
        BadParcel: What is beside it is not what we send, or is more than that.
    """
    message, ancillary, _, _ = end.recvmsg(RECEIVE, _ONE_FD, flags | _CLOSED_ON_EXEC)
    if not message:
        return None
    if ancillary:
        keep_memory()
    return message, _read(ancillary[0][2], most) if ancillary else b""


def _written(content: bytes) -> int:
    fd = _new_file()
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(fd, rest) :]
    except BaseException:
        os.close(fd)
        raise
    return fd


def _new_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("workhorse-payload")
    import tempfile  # noqa: PLC0415 - brings in much, for the few large ones

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _read(word: bytes, most: int | None) -> bytes:
    if len(word) != _FD.size:
        raise BadParcel("something beside it that is no descriptor")
    fd = _FD.unpack(word)[0]
    try:
        size = os.fstat(fd).st_size if most is None else _trusted_size(fd, most)
        parts, at = [], 0
        while at < size and (part := os.pread(fd, size - at, at)):
            parts.append(part)
            at += len(part)
    finally:
        os.close(fd)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _trusted_size(fd: int, most: int) -> int:
    """How large the file is, which must be one that can be read without waiting for anybody."""
    try:
        if hasattr(os, "memfd_create"):
            from fcntl import F_GET_SEALS, fcntl  # noqa: PLC0415 - horses need it never

            fcntl(fd, F_GET_SEALS)  # only files of memory have any
        found = os.fstat(fd)
    except OSError as error:
        raise BadParcel("a descriptor beside it of what is no file of memory") from error
    if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size <= most:
        raise BadParcel(f"{found.st_size:,} bytes beside it, where {most:,} are most")
    return found.st_size
