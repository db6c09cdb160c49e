"""Jobs to a horse and reports back, over socket pairs that keep messages whole.

The supervisor keeps a copy of the horse's receiving end: a job that was handed over but
not yet received can be taken back by receiving it, and the kernel gives it to one side only.

What is large, arguments and results, goes beside the message; see `parcels`.

What comes from a horse is not trusted to be well formed: user code runs there and could
write to any descriptor. So reports are fixed headers and bytes, and a bad one is an error.
"""

from __future__ import annotations

import errno
import marshal
import struct
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from workhorse.exceptions import exception_names
from workhorse.ops.reports import Report
from workhorse.worker.parcels import LARGEST, NO_WAIT, End, Parcel, receive, send

if TYPE_CHECKING:
    from workhorse.ops.leases import Lease

BESIDE: Final = 8_000
"""What is longer goes beside the message that it belongs to, bytes."""
_NAMES: Final = 1_000
"""How much is told of the names of an exception's classes, characters."""
_HEADER = struct.Struct("<ccQHIIH")
_DIED: Final = b"D"
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
    b"C": "calling",
}
"""What else a horse may say than how a run ended, by the first byte of the message; see `Note`."""
_SHORT: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC)
"""What the system says that has no room for what goes beside a message."""
LOST_TOUCH: Final = 74
"""The exit status of a horse whose job closed its channels: EX_IOERR of sysexits.h."""


class BrokenReport(Exception):  # noqa: N818 - reads as a sentence
    """A horse sent what no Workhorse writes."""


class HandedJob(NamedTuple):
    """What a horse knows of a job.

    Attributes:
        fields: The job's hash as it was claimed.
        after: What its handler is told of the horse that died of it; None: the job is to run.
    """

    id: str
    queue: str
    token: str
    attempt: int
    fields: dict[bytes, bytes]
    after: tuple[object, ...] | None = None


def job_message(lease: Lease) -> Parcel:
    """A lease as a message for a horse of the same Python."""
    fields, after = lease.fields, lease.after
    if after is None:
        data = fields.get(b"data", b"")
        beside = b""
        if len(data) > BESIDE:
            fields, beside = {k: v for k, v in fields.items() if k != b"data"}, data
        message = marshal.dumps((lease.id, lease.queue, lease.token, lease.attempt, fields, None))
        if len(message) <= LARGEST:
            return message, beside
    # What else may be large, is so seldom.
    head = marshal.dumps((lease.id, lease.queue, lease.token, lease.attempt, None, None))
    return head, marshal.dumps((lease.fields, after))  # type: ignore[arg-type]  # plain values all


def read_job(message: bytes, beside: bytes = b"") -> HandedJob:
    """What `job_message` wrote; without what is beside it, all but the large fields."""
    job = tuple.__new__(HandedJob, marshal.loads(message))  # noqa: S302 - our supervisor's
    fields: dict[bytes, bytes] | None = job.fields
    if fields is None:
        fields, after = marshal.loads(beside) if beside else ({}, None)  # noqa: S302 - likewise
        return job._replace(fields=fields, after=after)
    if beside:
        fields[b"data"] = beside
    return job


class Note(NamedTuple):
    """What a horse says beside its reports.

    Attributes:
        kind: `modules`: functions and modules that jobs brought in; else ids of jobs: `begun`, as
            coroutines beside others; `threaded`, begun on a thread; `not now`, not begun and to be
            handed over again; `stubborn`, goes on although it was cancelled; `blocked`: an id, and
            where the job holds up all others; `calling`: what `words_of` of `hooks` says.
        words: The names, ids or texts.
    """

    kind: str
    words: list[str]


Ended = tuple[str, Report, str]
"""What a horse says of a run that ended: the job's id, the report, and how it ran: `alone`, so that
it was the first in line; or beside others, as `coroutine` or on a `thread`."""


_LETTER_OF_NOTE: Final = {kind: letter for letter, kind in NOTES.items()}


def note_message(kind: str, *words: str) -> Parcel:
    """A note as a message for the supervisor."""
    letter, text = _LETTER_OF_NOTE[kind], "\n".join(words).encode("utf-8", "replace")
    return (letter + text, b"") if len(text) <= BESIDE else (letter, text)


def report_message(job_id: str, report: Report, way: str = "alone") -> Parcel:
    """A report as a message for the supervisor."""
    name, what = job_id.encode(), report.what
    if report.kind == "finished" and len(what) <= BESIDE:  # as most are
        head = _HEADER.pack(b"F", _LETTERS_OF_WAYS[way], report.ran, len(name), len(what), 0, 0)
        return head + name + what, b""
    policy = report.policy.encode()
    names = "\n".join(report.names)[:_NAMES].encode("utf-8", "replace")
    header = _HEADER.pack(
        _DIED if report.died else _LETTERS[report.kind],
        _LETTERS_OF_WAYS[way],
        report.ran,
        len(name),
        len(what),
        len(names),
        len(policy),
    )
    if len(what) <= BESIDE:
        return b"".join((header, name, names, policy, what)), b""
    return b"".join((header, name, names, policy)), what


def read_message(message: bytes, beside: bytes = b"") -> Ended | Note:
    """What a horse said.

    Raises:
        BrokenReport: It is nothing that a horse of ours says.
    """
    kind = NOTES.get(message[:1])
    if kind is None:
        return _read_report(message, beside)
    text = beside or message[1:]
    return Note(kind, text.decode("utf-8", "replace").split("\n"))


def _read_report(message: bytes, beside: bytes) -> Ended:
    try:
        letter, way, ran, a, b, c, d = _HEADER.unpack_from(message)
        at = _HEADER.size
        if len(message) + len(beside) != at + a + b + c + d:
            raise BrokenReport("its lengths do not add up")
        job_id = message[at : at + a].decode()
        at += a
        if letter == b"F" and not c and not d:  # as most are
            return job_id, Report("finished", beside or message[at:], ran), _WAYS[way]
        names = message[at : at + c].decode()
        at += c
        policy = message[at : at + d].decode()
        what = beside or message[at + d :]
        classes = names.split("\n") if names else ()
        died = letter == _DIED
        kind = "failed" if died else _KINDS[letter]
        return job_id, Report(kind, what, ran, classes, policy, died), _WAYS[way]
    except (struct.error, KeyError, UnicodeDecodeError) as error:
        raise BrokenReport(str(error)) from error


class Voice:
    """How a horse speaks to its supervisor.

    Args:
        reports: Where reports and notes go.
        seen: What jobs bring in; told with the next report, and emptied.
    """

    __slots__ = ("_end", "_loaded", "_seen")

    def __init__(self, reports: End, seen: set[str]) -> None:
        self._end = reports
        self._seen = seen
        self._loaded = len(sys.modules)

    def report(self, job_id: str, report: Report, way: str = "alone") -> None:
        """Say how a run ended."""
        message, beside = report_message(job_id, report, way)
        try:
            send(self._end, message, beside)
        except OSError as error:
            if not beside or error.errno not in _SHORT:
                raise
            text = f"The job ran to its end, but there is no room for its result: {error}"
            names = exception_names(type(error))
            report = Report("failed", text.encode(), report.ran, names, died=True)
            send(self._end, *report_message(job_id, report, way))
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
        send(self._end, *note_message(kind, *words))

    def asked(self) -> list[tuple[str, str]]:
        """The jobs (id, token) that the supervisor wants to end: it says so on the way back."""
        found: list[tuple[str, str]] = []
        while True:
            try:
                parcel = receive(self._end, NO_WAIT)
            except OSError:
                return found
            if parcel is None:
                return found
            job_id, _, token = parcel[0].decode("utf-8", "replace").partition("\n")
            found.append((job_id, token))
