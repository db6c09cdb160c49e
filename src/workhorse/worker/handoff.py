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
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from workhorse.ops.reports import Report

if TYPE_CHECKING:
    from workhorse.ops.leases import Lease

PIECE: Final = 60_000
"""The largest message that travels in one piece, bytes; socket buffers are 200 kB and more."""
RECEIVE: Final = PIECE + 1
_WHOLE, _PART, _LAST = b"w", b"p", b"l"
_HEADER = struct.Struct("<ccQHIIH")
_KINDS: Final = {b"F": "finished", b"E": "failed", b"R": "refused", b"A": "again"}
_LETTERS: Final = {kind: letter for letter, kind in _KINDS.items()}
_WAYS: Final = {b"a": "alone", b"c": "coroutine", b"t": "thread"}
_LETTERS_OF_WAYS: Final = {way: letter for letter, way in _WAYS.items()}
NOTES: Final = {
    b"M": "modules",
    b"B": "begun",
    b"T": "threaded",
    b"U": "not now",
    b"O": "stubborn",
    b"W": "blocked",
}
"""What else a horse may say than how a run ended, by the first byte of the message; see `Note`."""
KIND: Final = getattr(socket, "SOCK_SEQPACKET", socket.SOCK_DGRAM)


LOST_TOUCH: Final = 74
"""The exit status of a horse whose job closed its channels: EX_IOERR of sysexits.h."""


class BrokenReport(Exception):  # noqa: N818 - reads as a sentence
    """A horse sent what no Workhorse writes."""


def channel() -> tuple[socket.socket, socket.socket]:
    """A sending and a receiving end."""
    sending, receiving = socket.socketpair(socket.AF_UNIX, KIND)
    return sending, receiving


def pieces_of(message: bytes) -> Sequence[bytes]:
    """The message as it travels: usually one piece."""
    if len(message) <= PIECE:
        return (_WHOLE + message,)
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


def receive(end: socket.socket) -> bytes | memoryview | None:
    """The next whole message, waiting for it; None when the other side has closed."""
    piece = end.recv(RECEIVE)
    if piece[:1] == _WHOLE:
        return memoryview(piece)[1:]
    assembler = Assembler(limit=2**40)
    while piece:
        message = assembler.add(piece)
        if message is not None:
            return message
        piece = end.recv(RECEIVE)
    return None


def send(end: socket.socket, message: bytes) -> None:
    """Send a message, waiting for room."""
    if len(message) < PIECE:
        end.send(_WHOLE + message)
        return
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


def read_job(message: bytes | memoryview) -> HandedJob:
    """What `job_message` wrote."""
    return HandedJob(*marshal.loads(message))  # noqa: S302 - written by our own supervisor


class Note(NamedTuple):
    """What a horse says beside its reports.

    Attributes:
        kind: `modules`: functions and modules that jobs brought in; else ids of jobs: `begun`, as
            coroutines beside others; `threaded`, begun on a thread; `not now`, not begun and to be
            handed over again; `stubborn`, goes on although it was cancelled; `blocked`: an id, and
            where the job holds up all others.
        words: The names, ids or texts.
    """

    kind: str
    words: list[str]


Ended = tuple[str, Report, str]
"""What a horse says of a run that ended: the job's id, the report, and how it ran: `alone`, so that
it was the first in line; or beside others, as `coroutine` or on a `thread`."""


_LETTER_OF_NOTE: Final = {kind: letter for letter, kind in NOTES.items()}


def note_message(kind: str, *words: str) -> bytes:
    """A note as bytes for the supervisor."""
    return _LETTER_OF_NOTE[kind] + "\n".join(words).encode("utf-8", "replace")


def report_message(job_id: str, report: Report, way: str = "alone") -> bytes:
    """A report as bytes for the supervisor."""
    name, policy = job_id.encode(), report.policy.encode()
    names = "\n".join(report.names).encode()[:60_000]
    header = _HEADER.pack(
        _LETTERS[report.kind],
        _LETTERS_OF_WAYS[way],
        report.ran,
        len(name),
        len(report.what),
        len(names),
        len(policy),
    )
    return b"".join((header, name, report.what, names, policy))


def read_message(message: bytes) -> Ended | Note:
    """What a horse said.

    Raises:
        BrokenReport: It is nothing that a horse of ours says.
    """
    kind = NOTES.get(message[:1])
    if kind is not None:
        return Note(kind, message[1:].decode("utf-8", "replace").split("\n"))
    return _read_report(message)


def _read_report(message: bytes) -> Ended:
    try:
        letter, way, ran, a, b, c, d = _HEADER.unpack_from(message)
        at = _HEADER.size
        if len(message) != at + a + b + c + d:
            raise BrokenReport("its lengths do not add up")
        job_id = message[at : at + a].decode()
        at += a
        what = message[at : at + b]
        names = message[at + b : at + b + c].decode()
        policy = message[at + b + c :].decode()
        report = Report(_KINDS[letter], what, ran, names.split("\n") if names else (), policy)
        return job_id, report, _WAYS[way]
    except (struct.error, KeyError, UnicodeDecodeError) as error:
        raise BrokenReport(str(error)) from error


class Voice:
    """How a horse speaks to its supervisor.

    Args:
        reports: Where reports and notes go.
        seen: What jobs bring in; told with the next report, and emptied.
    """

    __slots__ = ("_end", "_loaded", "_seen")

    def __init__(self, reports: socket.socket, seen: set[str]) -> None:
        self._end = reports
        self._seen = seen
        self._loaded = len(sys.modules)

    def report(self, job_id: str, report: Report, way: str = "alone") -> None:
        """Say how a run ended."""
        send(self._end, report_message(job_id, report, way))
        if len(sys.modules) != self._loaded:
            self._loaded = len(sys.modules)
            # Of ours, too, there are some that few jobs need, such as the connection.
            names = tuple(sys.modules)  # at once: a job on a thread may be importing
            self._seen.update(name for name in names if name.startswith("workhorse."))
        if self._seen:
            self.note("modules", *sorted(self._seen))
            self._seen.clear()

    def note(self, kind: str, *words: str) -> None:
        """Say something else; see `Note`."""
        send(self._end, note_message(kind, *words))
