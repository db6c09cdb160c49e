"""Jobs to a horse and reports back, over socket pairs that keep messages whole.

The supervisor keeps a copy of the horse's receiving end: a job that was handed over but
not yet received can be taken back by receiving it, and the kernel gives it to one side only.

A message over `PIECE` bytes travels in pieces. Such a job is handed to an idle horse
alone and counts as begun, so it is never taken back.

What comes from a horse is not trusted to be well formed: user code runs there and could
write to any descriptor. So reports are fixed headers and bytes, and a bad one is an error.
"""

from __future__ import annotations

import marshal
import socket
import struct
from typing import Final, NamedTuple

from workhorse.ops.leases import Lease
from workhorse.ops.settle import Report

PIECE: Final = 60_000
"""The largest message that travels in one piece, bytes; socket buffers are 200 kB and more."""
RECEIVE: Final = PIECE + 1
MODULES: Final = b"M"
"""How a message begins that names modules, one a line, instead of reporting a run."""
_WHOLE, _PART, _LAST = b"w", b"p", b"l"
_HEADER = struct.Struct("<cQHIIH")
_KINDS: Final = {b"F": "finished", b"E": "failed", b"R": "refused", b"A": "again"}
_LETTERS: Final = {kind: letter for letter, kind in _KINDS.items()}
KIND: Final = getattr(socket, "SOCK_SEQPACKET", socket.SOCK_DGRAM)


LOST_TOUCH: Final = 74
"""The exit status of a horse whose job closed its channels: EX_IOERR of sysexits.h."""


class BrokenReport(Exception):  # noqa: N818 - reads as a sentence
    """A horse sent what no Workhorse writes."""


def channel() -> tuple[socket.socket, socket.socket]:
    """A sending and a receiving end."""
    sending, receiving = socket.socketpair(socket.AF_UNIX, KIND)
    return sending, receiving


def pieces_of(message: bytes) -> list[bytes]:
    """The message as it travels: usually one piece."""
    if len(message) <= PIECE:
        return [_WHOLE + message]
    cuts = range(0, len(message), PIECE)
    parts = [_PART + message[at : at + PIECE] for at in cuts]
    parts[-1] = _LAST + parts[-1][1:]
    return parts


class Assembler:
    """Puts pieces together again."""

    __slots__ = ("_parts", "limit", "size")

    def __init__(self, limit: int) -> None:
        self._parts: list[bytes] = []
        self.size = 0
        self.limit = limit

    def add(self, piece: bytes) -> bytes | None:
        """The message, once its last piece has come."""
        kind = piece[:1]
        if kind == _WHOLE and not self._parts:
            return piece[1:]
        if kind not in (_PART, _LAST):
            raise BrokenReport(f"a piece of kind {kind!r}")
        self._parts.append(piece[1:])
        self.size += len(piece)
        if self.size > self.limit:
            raise BrokenReport(f"a message of over {self.limit} bytes")
        if kind == _PART:
            return None
        message = b"".join(self._parts)
        self._parts.clear()
        self.size = 0
        return message


def receive(end: socket.socket) -> bytes | None:
    """The next whole message, waiting for it; None when the other side has closed."""
    assembler = Assembler(limit=2**40)
    while piece := end.recv(RECEIVE):
        message = assembler.add(piece)
        if message is not None:
            return message
    return None


def send(end: socket.socket, message: bytes) -> None:
    """Send a message, waiting for room."""
    for piece in pieces_of(message):
        end.send(piece)


class HandedJob(NamedTuple):
    """What a horse knows of a job.

    Attributes:
        fields: The job's hash as it was claimed.
    """

    id: str
    queue: str
    token: str
    attempt: int
    fields: dict[bytes, bytes]


def job_message(lease: Lease) -> bytes:
    """A lease as bytes for a horse of the same Python."""
    return marshal.dumps((lease.id, lease.queue, lease.token, lease.attempt, lease.fields))


def read_job(message: bytes) -> HandedJob:
    """What `job_message` wrote."""
    return HandedJob(*marshal.loads(message))  # noqa: S302 - written by our own supervisor


def report_message(job_id: str, report: Report) -> bytes:
    """A report as bytes for the supervisor."""
    name, policy = job_id.encode(), report.policy.encode()
    names = "\n".join(report.names).encode()[:60_000]
    header = _HEADER.pack(
        _LETTERS[report.kind], report.ran, len(name), len(report.what), len(names), len(policy)
    )
    return b"".join((header, name, report.what, names, policy))


def read_report(message: bytes) -> tuple[str, Report]:
    """The job's id and the report in a message of `report_message`.

    Raises:
        BrokenReport: It is nothing of the kind.
    """
    try:
        letter, ran, a, b, c, d = _HEADER.unpack_from(message)
        at = _HEADER.size
        if len(message) != at + a + b + c + d:
            raise BrokenReport("its lengths do not add up")
        job_id = message[at : at + a].decode()
        at += a
        what = message[at : at + b]
        names = message[at + b : at + b + c].decode()
        policy = message[at + b + c :].decode()
        return job_id, Report(_KINDS[letter], what, ran, names.split("\n") if names else (), policy)
    except (struct.error, KeyError, UnicodeDecodeError) as error:
        raise BrokenReport(str(error)) from error
