"""Put calls into a queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from workhorse.effects import Call, Flow, Word
from workhorse.exceptions import DuplicateJobError, ServerError
from workhorse.keys import Keys
from workhorse.records import CallSpec
from workhorse.scripts import load

PER_CALL = 250
"""How many jobs one script call stores at most: larger calls would keep others waiting."""
BYTES_PER_CALL = 8_000_000
"""How much they weigh together at most, unless one alone weighs more, bytes."""


class Stored(NamedTuple):
    """What the server answered.

    Attributes:
        now: The server's time, ms since 1970: when the jobs were created.
        fresh: Per job, whether this send stored it; False: an earlier send of it did.
    """

    now: int
    fresh: tuple[bool, ...]


def enqueue(keys: Keys, queue: str, specs: Sequence[CallSpec]) -> Flow[Stored]:
    """Store calls and make them ready, or due later.

    Up to `PER_CALL` jobs appear in one step; more, or heavier ones, go in several, in order.

    Raises:
        DuplicateJobError: An id is taken (see `CallSpec.mode`); nothing of that step is stored.
    """
    script = load("enqueue")
    now, fresh = 0, []
    for some in _portions(specs):
        try:
            now, *known = yield Call(script, [keys.agenda, "", queue, *words_of(some)])
        except ServerError as error:
            raise _explained(error) from None
        fresh += [spec.id.encode() not in known for spec in some] if known else [True] * len(some)
    return Stored(now, tuple(fresh))


def _portions(specs: Sequence[CallSpec]) -> Iterator[Sequence[CallSpec]]:
    """The calls, as many at a time as travel together; most often there is one."""
    if len(specs) <= 1:
        yield specs
        return
    portion: list[CallSpec] = []
    size = 0
    for spec in specs:
        weight = sum(len(word) for word in spec.fields if isinstance(word, bytes | str))
        if portion and (len(portion) == PER_CALL or size + weight > BYTES_PER_CALL):
            yield portion
            portion, size = [], 0
        portion.append(spec)
        size += weight
    if portion:
        yield portion


def words_of(specs: Sequence[CallSpec]) -> list[Word]:
    """Calls as `enqueue` reads them: those in a row that are alike share a head."""
    words: list[Word] = []
    for head, group in groupby(specs, _head_of):
        alike = tuple(group)
        names = alike[0].fields[::2]
        words += (*head[:-1], len(alike), len(names), *names)
        for spec in alike:
            words.append(spec.id)
            words += spec.fields[1::2]
    return words


def _head_of(spec: CallSpec) -> tuple[Any, ...]:
    ttl = "" if spec.ttl is None else spec.ttl
    return (spec.mode, spec.nonce, *_place_of(spec), ttl, spec.fields[::2])


def _place_of(spec: CallSpec) -> tuple[str, Word]:
    if spec.due is not None:
        return "at", spec.due
    if spec.delay is not None:
        return "in", spec.delay
    if spec.lease is not None:
        return "mine", spec.lease
    return ("front" if spec.at_front else "back"), ""


def _explained(error: ServerError) -> Exception:
    if error.code == "DUPLICATE":
        _, job_id, status = str(error).split(" ", 2)
        return DuplicateJobError(job_id, status)
    return error
