"""Put calls into a queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from workhorse.effects import Batch, Call, Flow, Joint, Word
from workhorse.exceptions import (
    DuplicateJobError,
    InvalidJobOperation,
    NoSuchJobError,
    ServerError,
)
from workhorse.hoarding import hoarding
from workhorse.keys import Keys
from workhorse.records import CallSpec
from workhorse.scripts import load

PER_CALL = 250
"""How many jobs one script call stores at most: larger calls would keep others waiting."""
BYTES_TO_JOIN = 8_000
"""How large a job is at most that is stored with others that come meanwhile."""
_PLAIN = 6
"""How many words the fields of a call without options are: names and values."""
_DATA = 3
"""Where its arguments are among them."""
_REST = 2_000
"""Larger than the others together: the name of the function, and the description."""
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
        NoSuchJobError: A job that one of them waits for was never there; likewise.
        InvalidJobOperation: One would wait for a job that waits for it; likewise.
    """
    if len(specs) == 1 and _may_join(spec := specs[0]):
        reply = yield Joint((keys.agenda, queue), spec, partial(_call, keys, queue))
        return Stored(reply[0], (len(reply) == 1 or spec.id.encode() not in reply,))
    now, fresh = 0, []
    for some in _portions(specs):
        try:
            now, *known = yield _call(keys, queue, some)
        except ServerError as error:
            raise _explained(error) from None
        fresh += [spec.id.encode() not in known for spec in some] if known else [True] * len(some)
    return Stored(now, tuple(fresh))


def enqueue_all(keys: Keys, queue: str, specs: Iterable[CallSpec]) -> Flow[int]:
    """Store calls of mode `new`, as `enqueue` does, without waiting between the steps.

    The first are on their way when the last are taken from *specs*. If an error is raised, any
    of the steps may have been done.

    Returns:
        The server's time, ms since 1970: when the last were created.
    """
    try:
        replies = yield Batch(_call(keys, queue, some) for some in _portions(specs))
    except ServerError as error:
        raise _explained(error) from None
    return int(replies[-1][0]) if replies else 0


def _may_join(spec: CallSpec) -> bool:
    """Whether a call may be stored with those of others: it can be refused because of none."""
    return (
        spec.mode == "new"
        and not spec.waits
        and spec.lease is None
        and _weight(spec) <= BYTES_TO_JOIN
    )


def _call(keys: Keys, queue: str, specs: Sequence[CallSpec]) -> Call:
    return Call(load("enqueue"), [keys.agenda, "", queue, *words_of(specs)])


def _portions(specs: Iterable[CallSpec]) -> Iterator[Sequence[CallSpec]]:
    """The calls, as many at a time as travel together; most often there is one."""
    if isinstance(specs, Sequence) and len(specs) <= 1:
        yield specs
        return
    rest = iter(specs)
    while True:
        with hoarding():
            portion = list(islice(rest, PER_CALL))
        if not portion:
            return
        if sum(map(_weight, portion)) <= BYTES_PER_CALL:
            yield portion
        else:
            yield from _by_weight(portion)


def _by_weight(specs: Sequence[CallSpec]) -> Iterator[Sequence[CallSpec]]:
    portion: list[CallSpec] = []
    size = 0
    for spec in specs:
        weight = _weight(spec)
        if portion and size + weight > BYTES_PER_CALL:
            yield portion
            portion, size = [], 0
        portion.append(spec)
        size += weight
    yield portion


def _weight(spec: CallSpec) -> int:
    """How large a call is at most, bytes."""
    fields = spec.fields
    if len(fields) == _PLAIN:  # as most are
        return len(fields[_DATA]) + _REST
    return sum(map(len, fields))


def words_of(specs: Sequence[CallSpec]) -> list[Word]:
    """Calls as `enqueue` reads them: those in a row that are alike share a head."""
    words: list[Word] = []
    alike: object = None
    counted = 0
    for spec in specs:
        names = spec.fields[::2]
        likeness = (names, spec[2:])
        if likeness != alike:
            alike = likeness
            ttl = "" if spec.ttl is None else spec.ttl
            words += (spec.mode, spec.nonce, *_place_of(spec), ttl, 0, len(names), *names)
            counted = len(words) - len(names) - 2
        words[counted] += 1  # type: ignore[operator]  # it is the number that stands there
        words.append(spec.id)
        words += spec.fields[1::2]
    return words


def _place_of(spec: CallSpec) -> tuple[str, Word]:
    if spec.waits:
        return "wait", "" if spec.delay is None else spec.delay
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
    if error.code == "NOPARENT":
        _, parent, job_id = str(error).split(" ", 2)
        return NoSuchJobError(parent, f"it cannot be waited for; enqueue it before {job_id!r}")
    if error.code == "CYCLE":
        _, job_id, parent = str(error).split(" ", 2)
        return InvalidJobOperation(
            f"job {job_id!r} cannot wait for job {parent!r}, which waits for it: neither would "
            f"ever run"
        )
    return error
