"""From a job of RQ to one of ours: what our hash will hold.

The call's pickle is read as text (`pickles`), made into values, and sealed again by our own
serializer. With `--serializer pickle` it is kept as it is: only a frame is put around it, which
leaves out the function's name, that stands elsewhere with us. It is not opened here then either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from workhorse.adopt import pickles
from workhorse.adopt.pickles import Made, name_of
from workhorse.adopt.rqjob import RqJob, RqResult, Unreadable, expanded
from workhorse.adopt.terms import options_in, ties_of
from workhorse.adopt.values import Maker
from workhorse.callables.importing import check_name
from workhorse.callbacks import callback_of
from workhorse.calls import one_line
from workhorse.codec import Codec
from workhorse.envelopes import (
    Bearer,
    call_context,
    codec_for,
    meta_context,
    result_context,
    seal_call,
)
from workhorse.exceptions import DeserializationError, WorkhorseError
from workhorse.followups import hooks_of
from workhorse.names import check_job_id, check_queue_name
from workhorse.options import EnqueueData, leaves_calls, options_of, webhooks_of
from workhorse.serializers import Path
from workhorse.serializers.classes import AllowedClasses

LONGEST_TRACEBACK = 4096
"""So much of the end of a traceback is kept of an earlier run, characters."""
_ENDED = frozenset(("finished", "failed", "stopped"))

# Calls `operator.itemgetter(1, 2, 3)` with the one thing that follows: RQ's (function, instance,
# args, kwargs) comes out as our (instance, args, kwargs). It has no memo, so that of RQ's fits.
_WITHOUT_NAME = b"\x80\x05coperator\nitemgetter\nK\x01K\x02K\x03\x87R"


class Shaped(NamedTuple):
    """A job as it will be here.

    Attributes:
        status: The status that it gets.
        runs: Its earlier runs, oldest first, as JSON.
        words: Names and values of the fields of its hash, but status, origin and nonce.
    """

    status: str
    runs: tuple[str, ...]
    words: tuple[str | bytes, ...]


class _AsItIs:
    """A pickle that was read from RQ, as the serializer that wrote it."""

    code = b"p"
    name = "pickle"

    def dumps(self, value: object, *, path: Path = "value") -> bytes:  # noqa: ARG002 - a serializer's signature
        """The pickle."""
        assert isinstance(value, bytes)  # noqa: S101 - for mypy; nothing else gets here
        return value

    def loads(self, data: bytes) -> object:
        """Nobody reads with it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Shaper:
    """Makes ours of RQ's jobs.

    Args:
        namespace: Where they go.
        serializer: What they are sealed with: as of `Queue`.
        allow: Patterns of the classes that may be in them.
    """

    namespace: str
    serializer: str | None = None
    allow: Iterable[str] = ()
    _codec: Codec = field(init=False)
    _raw: Codec | None = field(init=False)
    _classes: AllowedClasses = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_codec", codec_for(self.serializer, self.allow))
        kept = self._codec.serializer.code == b"p"
        object.__setattr__(self, "_raw", Codec.from_environment(_AsItIs()) if kept else None)
        object.__setattr__(self, "_classes", AllowedClasses(self.allow))

    def shape(self, job: RqJob, queue: str, place: str) -> Shaped | None:
        """What our hash will hold; None if the job is not really in that place.

        Args:
            job: The job.
            queue: The queue that it is in.
            place: Where RQ has it; see `places`.

        Raises:
            Unreadable: It cannot be taken over; the text says why.
        """
        try:
            status = status_of(job, place)
            return self._shaped(job, queue, status, place) if status else None
        except Unreadable:
            raise
        except (WorkhorseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unreadable(f"{error!s:.500}" or type(error).__name__) from error

    def _shaped(self, job: RqJob, queue: str, status: str, place: str) -> Shaped:
        bearer = Bearer(self.namespace, check_queue_name(queue), check_job_id(job.id))
        func, call, payload = self._call(job)
        options = options_in(job)
        words = dict(options_of(options))
        data = self._sealed_call(bearer, func, words, call, payload)
        ended, earlier = _runs_of(job, status)
        more: dict[str, str | bytes | int | None] = {
            "func": func,
            "data": data,
            "description": one_line(job.text("description")) or func,
            "created_at": job.moment("created_at"),
            "enqueued_at": job.moment("enqueued_at"),
            "started_at": job.moment("started_at"),
            "ended_at": job.moment("ended_at"),
            "attempt": len(job.results) or None,
            "retries": job.whole("number_of_retries") or None,
            "crashes": 1 if place == "wip" or job.status == "started" else None,
            "token": f"{job.text('worker_name')}:0" if job.text("worker_name") else None,
            "meta": self._meta(job, bearer),
            **ties_of(job),
            **self._ending(job, status, bearer, ended),
        }
        if leaves_calls(options):
            more["hooks"] = self._hooks(options, func, bearer)
        pairs = [*words.items(), *((k, v) for k, v in more.items() if v is not None and v != b"")]
        flat = [part for k, v in pairs for part in (k, str(v) if isinstance(v, int) else v)]
        return Shaped(status, tuple(earlier), tuple(flat))  # type: ignore[arg-type]  # no None is left in it

    def _call(self, job: RqJob) -> tuple[str, Sequence[Any], bytes]:
        """The function's name, what the pickle says, and the pickle."""
        payload = job.payload
        try:
            said = pickles.read(payload)
        except DeserializationError as error:
            raise Unreadable(f"its call is not read: {error}") from error
        match said:
            case (str(name), instance, list() | tuple(), dict()) | [
                str(name),
                instance,
                list() | tuple(),
                dict(),
            ]:
                return check_name(_function(name, instance)), said, payload
        raise Unreadable("its data holds no call as RQ writes them")

    def _sealed_call(
        self,
        bearer: Bearer,
        func: str,
        options: Mapping[bytes, bytes],
        call: Sequence[Any],
        payload: bytes,
    ) -> bytes:
        if self._raw is not None and pickles.is_pickle(payload):
            framed = _WITHOUT_NAME + payload[:-1] + b"\x85R."
            return self._raw.seal(framed, call_context(bearer, func, options), path="arguments")
        maker = Maker(self._classes)
        instance, args, kwargs = map(maker.make, call[1:])
        return seal_call(self._codec, bearer, func, options, (tuple(args), kwargs, instance))

    def _meta(self, job: RqJob, bearer: Bearer) -> bytes:
        raw = job.fields.get("meta", b"")
        return self._resealed(raw, meta_context(bearer), "meta") if raw else b""

    def _resealed(self, raw: bytes, context: list[str | bytes], what: str) -> bytes:
        """A value of RQ's under our seal."""
        if self._raw is not None and pickles.is_pickle(raw):
            return self._raw.seal(raw, context, path=what)
        try:
            value = Maker(self._classes).make(pickles.read(raw))
        except DeserializationError as error:
            raise Unreadable(f"its {what} is not read: {error}") from error
        return self._codec.seal(value, context, path=what)

    def _ending(
        self, job: RqJob, status: str, bearer: Bearer, ended: RqResult | None
    ) -> dict[str, str | bytes | int | None]:
        """The result or the traceback of its last run."""
        if status == "finished":
            value = ended.value if ended else job.fields.get("result")
            if not value:
                return {}
            return {"result": self._resealed(value, result_context(bearer), "return value")}
        exc = (
            ended.exc
            if ended
            else expanded(job.fields.get("exc_info", b"")).decode("utf-8", "replace")
        )
        return {"exc_info": exc or None}

    def _hooks(self, options: EnqueueData, func: str, bearer: Bearer) -> bytes:
        failed = callback_of("on_failure", options.on_failure)
        stopped = callback_of("on_stopped", options.on_stopped)
        return hooks_of(self._codec, bearer, func, failed, stopped, webhooks_of(options))


def status_of(job: RqJob, place: str) -> str:
    """The status that a job gets here, by its place and status there; '' if it is not in place.

    Raises:
        Unreadable: It is not to be moved.
    """
    if place == "wip":
        return "queued" if job.status in {"started", "queued"} else ""
    if job.status == "started" and place != "lost":
        raise Unreadable("a worker of RQ runs it")
    if place in {"queue", "ready", "taken", "limited"}:
        return "queued"
    if place != "lost":
        fits = {"failed", "stopped"} if place == "failed" else {place}
        return job.status if job.status in fits else ""
    if job.status == "created":
        raise Unreadable("it was made, and not enqueued")
    return "queued" if job.status in _TO_RUN else job.status


_TO_RUN = frozenset(("queued", "started", "scheduled", "rate_limited", "ready_to_enqueue"))
"""What RQ would have run, had it not lost it."""


def _function(name: str, instance: object) -> str:
    """The dotted name of a function; for RQ a method has that of the method alone."""
    if instance is None:
        return name
    if not isinstance(instance, Made):
        return f"{type(instance).__module__}.{type(instance).__qualname__}.{name}"
    return ".".join((*name_of(type(instance)), name))


def _runs_of(job: RqJob, status: str) -> tuple[RqResult | None, list[str]]:
    """The run that the hash itself describes, and the earlier ones as JSON, oldest first."""
    runs = [_run_text(run, len(job.results) - n) for n, run in enumerate(job.results)]
    earlier = runs[1:] if status in _ENDED else runs
    return (job.results[0] if job.results else None), earlier[:10][::-1]


def _run_text(run: RqResult, attempt: int) -> str:
    """As `lua/lib/history.lua` writes it."""
    told = {
        "type": run.kind,
        "attempt": attempt,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "worker": run.worker,
        "exc": run.exc[-LONGEST_TRACEBACK:],
    }
    return json.dumps({k: v for k, v in told.items() if v is not None}, separators=(",", ":"))
