"""One job as RQ 2 and 3 store it: the hash `<prefix>:job:<id>` and the stream of its results.

What is in there was written by others, so nothing is believed: what RQ would not have written
makes the job `Unreadable`, with a sentence that says why, and it stays where it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from workhorse.codec import max_payload

STATUSES: Final = frozenset(
    (
        *("created", "queued", "finished", "failed", "started", "deferred", "scheduled"),
        *("stopped", "canceled", "rate_limited", "ready_to_enqueue"),
    )
)
"""Those of RQ 3; RQ 2 has all but the last two."""
KINDS: Final = {1: "finished", 2: "failed", 3: "stopped", 4: "retried", 5: "failed"}
"""What the types of results mean."""
MOST_RESULTS: Final = 11
"""How many results are read: the last one, and ten earlier ones."""

_WHOLE_DAY = 86_400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": _WHOLE_DAY}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(Exception):  # noqa: N818 - reads as a sentence
    """A job that stays at RQ, and why."""


@dataclass(frozen=True, slots=True)
class RqResult:
    """How one run ended; times are ms since 1970.

    Attributes:
        kind: One of `KINDS`.
        value: The serialized return value, or None.
        exc: The traceback, or ''.
    """

    kind: str
    ended_at: int
    started_at: int | None
    worker: str
    value: bytes | None
    exc: str


@dataclass(frozen=True, slots=True)
class RqJob:
    """One job of RQ: what its hash says, by our names of things; times are ms since 1970.

    Attributes:
        fields: The hash as it was read.
        results: How its runs ended, the last one first.
    """

    id: str
    status: str
    fields: dict[str, bytes]
    results: tuple[RqResult, ...] = field(default=())

    def text(self, name: str) -> str:
        """A field of text; '' if it is not there."""
        return self.fields.get(name, b"").decode("utf-8", "replace")

    def whole(self, name: str) -> int | None:
        """A field of a whole number; None if it is not there, or empty."""
        text = self.text(name)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise Unreadable(f"its {name} is {text!r:.50}, which is no number") from None

    def duration(self, name: str) -> int | None:
        """A field of seconds, which RQ also reads as text such as `1h`."""
        text = self.text(name)
        if text[-1:] in _UNITS and text[:-1].isdigit():
            return int(text[:-1]) * _UNITS[text[-1]]
        return self.whole(name)

    def moment(self, name: str) -> int | None:
        """A field of a time, ms since 1970; None if it is not there, or empty."""
        text = self.text(name)
        if not text:
            return None
        try:
            when = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
        except ValueError:
            raise Unreadable(f"its {name} is {text!r:.50}, which is no time of RQ's") from None
        return (when - _EPOCH) // timedelta(milliseconds=1)

    def numbers(self, name: str) -> list[float]:
        """A field of a list of numbers; empty if it is not there."""
        return self._listed(name, (int, float))

    @property
    def parents(self) -> list[str]:
        """The ids of the jobs that it waits for, or waited for."""
        found: list[str] = self._listed("dependency_ids", str)
        return found or list(filter(None, [self.text("dependency_id")]))

    @property
    def payload(self) -> bytes:
        """The serialized call, expanded."""
        raw = self.fields.get("data")
        if not raw:
            raise Unreadable("it has no data: RQ could not run it either")
        return expanded(raw)

    def _listed(self, name: str, kinds: type | tuple[type, ...]) -> list[Any]:
        text = self.text(name)
        if not text:
            return []
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, kinds):
            found = [found]
        if not isinstance(found, list) or not all(isinstance(one, kinds) for one in found):
            raise Unreadable(f"its {name} is {text!r:.50}, which RQ does not write")
        return found


def expanded(raw: bytes) -> bytes:
    """What was compressed with zlib, but never more than a payload may have; else as it is."""
    most = max_payload()
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(raw, most + 1)
    except zlib.error:
        return raw  # RQ reads what is not compressed, too
    if len(found) > most:
        raise Unreadable(
            f"it has more than {most:,} bytes; set WORKHORSE_MAX_PAYLOAD to allow more"
        )
    return found


def rq_job(job_id: str, flat: Sequence[bytes], entries: Sequence[Any]) -> RqJob | None:
    """The job in the replies of HGETALL and XREVRANGE; None if there is none any more.

    Raises:
        Unreadable: No RQ wrote this.
    """
    if not flat:
        return None
    words = iter(flat)
    fields = {
        name.decode("utf-8", "replace"): value for name, value in zip(words, words, strict=True)
    }
    status = fields.get("status", b"").decode("utf-8", "replace") or "created"
    if status not in STATUSES:
        raise Unreadable(f"its status is {status!r:.50}, which RQ does not know")
    return RqJob(job_id, status, fields, tuple(map(_result, entries)))


def fingerprint(flat: Sequence[bytes]) -> tuple[bytes, str]:
    """The names of a hash's fields, and a digest of their values, as `lua/lib/rq.lua` makes it."""
    words = iter(flat)
    pairs = [
        (name, value) for name, value in zip(words, words, strict=True) if name.split() == [name]
    ]
    digest = hashlib.sha1(usedforsecurity=False)
    for _, value in pairs:
        digest.update(b"%d:%b" % (len(value), value))
    return b" ".join(name for name, _ in pairs), digest.hexdigest()


def _result(entry: Any) -> RqResult:  # noqa: ANN401 - a reply
    stream_id, flat = entry
    words = iter(flat)
    fields = {name.decode(): value for name, value in zip(words, words, strict=True)}
    try:
        value, exc = fields.get("return_value"), fields.get("exc_string")
        return RqResult(
            kind=KINDS[int(fields["type"])],
            ended_at=int(stream_id.partition(b"-")[0]),
            started_at=_ms(fields.get("execution_started_at")),
            worker=fields.get("worker_name", b"").decode("utf-8", "replace"),
            value=None if value is None else base64.b64decode(value),
            exc="" if exc is None else expanded(base64.b64decode(exc)).decode("utf-8", "replace"),
        )
    except (KeyError, ValueError) as error:
        raise Unreadable(f"one of its results is not as RQ writes them: {error!r:.100}") from None


def _ms(seconds: bytes | None) -> int | None:
    return round(float(seconds) * 1000) if seconds else None
