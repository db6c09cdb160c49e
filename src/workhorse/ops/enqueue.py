"""Put calls into a queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workhorse.effects import Call, Flow, Word
from workhorse.exceptions import DuplicateJobError, ServerError
from workhorse.keys import Keys
from workhorse.records import CallSpec
from workhorse.scripts import load

PER_CALL = 250
"""How many jobs one script call stores at most: larger calls would keep others waiting."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the server answered.

    Attributes:
        now: The server's time, ms since 1970: when the jobs were created.
        fresh: Per job, whether this send stored it; False: an earlier send of it did.
    """

    now: int
    fresh: tuple[bool, ...]


def enqueue(keys: Keys, queue: str, specs: Sequence[CallSpec]) -> Flow[Stored]:
    """Store calls and make them ready, or due later.

    Up to `PER_CALL` jobs appear in one step; more go in several calls, in order.

    Raises:
        DuplicateJobError: An id is taken (see `CallSpec.mode`); nothing of that step is stored.
    """
    script = load("enqueue")
    now, fresh = 0, []
    for start in range(0, len(specs), PER_CALL):
        words: list[Word] = [keys.agenda, "", queue]
        for spec in specs[start : start + PER_CALL]:
            words += _words_of(spec)
        try:
            reply = yield Call(script, words)
        except ServerError as error:
            raise _explained(error) from None
        now = reply[0]
        fresh += [flag == 1 for flag in reply[1:]]
    return Stored(now, tuple(fresh))


def _words_of(spec: CallSpec) -> Iterator[Word]:
    if spec.due is not None:
        place, when = "at", spec.due
    elif spec.delay is not None:
        place, when = "in", spec.delay
    elif spec.lease is not None:
        place, when = "mine", spec.lease
    else:
        place, when = ("front" if spec.at_front else "back"), None
    yield from (
        spec.id,
        spec.mode,
        spec.nonce,
        place,
        "" if when is None else when,
        "" if spec.ttl is None else spec.ttl,
        len(spec.fields),
    )
    yield from spec.fields


def _explained(error: ServerError) -> Exception:
    if error.code == "DUPLICATE":
        _, job_id, status = str(error).split(" ", 2)
        return DuplicateJobError(job_id, status)
    return error
