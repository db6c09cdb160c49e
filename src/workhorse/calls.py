"""From what a user writes to what is sent: options checked, arguments bound and sealed.

`Queue`, `AsyncQueue`, `enqueue_many` and the decorator all make an `EnqueueData` here and turn
it into a `CallSpec` here. Nothing is asked of the server: a call that cannot work is refused
before it is stored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, NoReturn

from workhorse.callables import check_arguments, describe, reference
from workhorse.callbacks import callback_of
from workhorse.clock import new_id
from workhorse.codec import Codec
from workhorse.envelopes import Bearer, seal_call, seal_meta
from workhorse.exceptions import BadArguments
from workhorse.names import check_job_id
from workhorse.options import (
    LATER,
    OPTIONS,
    UNSET,
    CallOptions,
    Duration,
    EnqueueData,
    is_at_front,
    leaves_calls,
    options_of,
    plain_call,
    webhooks_of,
)
from workhorse.records import CallSpec
from workhorse.schedules import delay_ms, due_ms, seconds

COMPACT = 64
"""The server stores a small hash compactly while no field of it is longer, bytes."""
LONGEST_DESCRIPTION = 1000

_EXPLICIT = frozenset(("args", "kwargs"))
_RESERVED = LATER | _EXPLICIT | OPTIONS.keys()
_NO_OPTIONS: Mapping[str, Any] = {}


def parse(
    func: Callable[..., Any] | str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> EnqueueData:
    """Tell the options in `enqueue(func, *args, **kwargs)` from the function's arguments.

    Raises:
        NotImplementedError: An option of RQ that this version does not have.
        BadArguments: `args=` or `kwargs=` beside other arguments.
    """
    if not kwargs or _RESERVED.isdisjoint(kwargs):
        return plain_call(func, args, kwargs)
    refuse_later(kwargs)
    rest = {name: value for name, value in kwargs.items() if name not in _RESERVED}
    options = {OPTIONS[name]: value for name, value in kwargs.items() if name in OPTIONS}
    if not _EXPLICIT.isdisjoint(kwargs):
        if args or rest:
            raise BadArguments(
                "args= and kwargs= give all of the function's arguments; put "
                + ("the positional ones into args=" if args else f"{_listed(rest)} into kwargs=")
            )
        args, rest = kwargs.get("args") or (), kwargs.get("kwargs") or {}
    return EnqueueData(func, args, rest, **options)


def prepare(
    func: Callable[..., Any] | str,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any] | None,
    options: Mapping[str, Any] = _NO_OPTIONS,
) -> EnqueueData:
    """The same from explicit arguments and options.

    Raises:
        NotImplementedError: An option of RQ that this version does not have.
        TypeError: No such option.
    """
    if not options:
        return plain_call(func, args or (), kwargs or {})
    refuse_later(options)
    known = {name: value for name, value in options.items() if name not in LATER}
    for name in known:
        if name not in CallOptions.__annotations__:
            raise TypeError(
                f"there is no option {name!r}{_meant(name, CallOptions.__annotations__)}"
            )
    return EnqueueData(func, args or (), kwargs or {}, **known)


def filled(call: EnqueueData, base: EnqueueData) -> EnqueueData:
    """The call with the options of *base* where it has none of its own."""
    rest = zip(EnqueueData._fields[3:], call[3:], UNSET, base[3:], strict=True)
    more: Any = {name: other for name, given, unset, other in rest if given == unset}
    return call._replace(**more)


def refuse_later(options: Mapping[str, Any]) -> None:
    """Raise NotImplementedError for an option that only later versions will have."""
    for name in LATER.intersection(options):
        if options[name] is not None:
            raise NotImplementedError(
                f"{name}= is not in this version of Workhorse; if it is an argument of your "
                f"function, pass it as kwargs={{{name!r}: ...}}"
            )


class Shaper:
    """Makes the calls of one queue ready to be sent.

    Args:
        namespace: The namespace of the queue's connection.
        queue: The queue's name.
        codec: Seals what is stored.
        defaults: What holds where a call has no value of its own: `timeout`, `result_ttl`,
            `on_crash`.
    """

    __slots__ = ("_codec", "_defaults", "_namespace", "_plain", "_plain_words", "_queue")

    def __init__(
        self, namespace: str, queue: str, codec: Codec, defaults: CallOptions | None = None
    ) -> None:
        self._namespace = namespace
        self._queue = queue
        self._codec = codec
        self._defaults = EnqueueData("", **(defaults or {}))
        self._plain = options_of(self._defaults)
        self._plain_words = tuple(_flat(self._plain))

    def spec(self, call: EnqueueData, due: int | None = None, delay: int | None = None) -> CallSpec:
        """One call, checked, sealed and shaped; see `check` and `shape`."""
        return self.shape(self.check(call), due, delay)

    def check(self, call: EnqueueData) -> Checked:
        """One call, checked and sealed: no more can be wrong with it.

        Raises:
            NotImportable: Workers could not import the function.
            BadArguments: The arguments do not fit it.
            NotSerializable: An argument cannot be encoded.
            PayloadTooLarge: They are over the limit.
            ValueError: An option has a value that makes no sense.
            TypeError: An option has a value of the wrong type.
        """
        func, args, kwargs = call[:3]
        name, instance, check = reference(func)
        try:
            check_arguments(check, args, kwargs)
        except BadArguments as error:
            _raise_with_advice(error, kwargs)
        # Options are optional, and most calls have none of them.
        if plain := call[3:] == UNSET:
            named = new_id(), "new", ""
        else:
            named = _named(call.job_id, call.unique)
        bearer = self._namespace, self._queue, named[0]
        options: Mapping[bytes, bytes] = self._plain
        more: tuple[str | bytes, ...] = self._plain_words
        if not plain:
            options = options_of(call, self._defaults)
            more = tuple(_flat(options))
            if call.description is not None:
                call = call._replace(description=one_line(call.description))
            if call.meta:
                more += ("meta", seal_meta(self._codec, bearer, call.meta))
            if leaves_calls(call):
                more += ("hooks", self._hooks(call, name, bearer))
        data = seal_call(self._codec, bearer, name, options, (args, kwargs, instance))
        return call, named, name, data, None if plain else options, more

    def _hooks(self, call: EnqueueData, func: str, bearer: tuple[str, str, str]) -> bytes:
        """The calls that a job leaves for its end."""
        from workhorse import followups  # noqa: PLC0415 - few jobs leave any

        return followups.hooks_of(
            self._codec,
            Bearer(*bearer),
            func,
            callback_of("on_failure", call.on_failure),
            callback_of("on_stopped", call.on_stopped),
            webhooks_of(call),
        )

    def shape(self, checked: Checked, due: int | None = None, delay: int | None = None) -> CallSpec:
        """What is sent of a call; this cannot fail.

        Args:
            checked: The call.
            due: When it is due, ms since 1970; None for at once.
            delay: How long after the server's now it is due, ms.
        """
        call, (job_id, mode, nonce), name, data, options, more = checked
        description = call.description
        if description is None:
            description = describe(name, call.args, call.kwargs)
            if len(description) > COMPACT or not description.isascii():
                description = compact(description)
        fields = ("func", name, "data", data, "description", description, *more)
        if options is None:
            if due is None and delay is None:
                return tuple.__new__(CallSpec, (job_id, fields, *_AT_ONCE))
            options = self._plain
        ttl = int(options[b"ttl"]) * 1000 if b"ttl" in options else None
        waits = b"parents" in options
        at_front = call.at_front or (waits and is_at_front(call))
        if at_front and (waits or due is not None or delay is not None):
            fields += ("front", "1")
        if waits and due is not None:
            fields += ("due", str(due))
        return CallSpec(job_id, fields, ttl, at_front, due, delay, None, mode, nonce, waits)


Checked = tuple[
    EnqueueData,
    tuple[str, str, str],
    str,
    bytes,
    Mapping[bytes, bytes] | None,
    tuple[str | bytes, ...],
]
"""A call; its id, mode and nonce; its function's name; `data`; its options, None for none of its
own; their words."""
_AT_ONCE = CallSpec("", ())[2:]
"""The rest of a `CallSpec` of a call without options."""


def _flat(options: Mapping[bytes, bytes]) -> Iterator[bytes]:
    for option in options.items():
        yield from option


def moment(when: datetime) -> int:
    """When a job is due, ms since 1970; a naive datetime is local time."""
    return due_ms(when)


def pause(delay: Duration) -> int:
    """How long after now a job is due, ms, from 0.

    Raises:
        TimeoutFormatError: It cannot be read as a duration.
    """
    if not isinstance(delay, timedelta):
        delay = timedelta(seconds=seconds(delay, what="delay"))
    return max(0, delay_ms(delay))


def compact(text: str) -> str:
    """The text, cut so that it fits into a field of a compact hash."""
    if text.isascii() and len(text) <= COMPACT:
        return text
    raw = text.encode()
    if len(raw) <= COMPACT:
        return text
    return raw[: COMPACT - len("…".encode())].decode("utf-8", "ignore") + "…"


def one_line(text: str) -> str:
    """A description as the user wrote it, without line ends and control characters."""
    if not isinstance(text, str):
        raise TypeError(f"description={text!r:.100}: give a string")
    line = " ".join(text.split())[:LONGEST_DESCRIPTION]
    return line if line.isprintable() else "".join(filter(str.isprintable, line))


def _named(job_id: str | None, unique: bool) -> tuple[str, str, str]:  # noqa: FBT001 - private
    """Id, mode and nonce of a call."""
    if job_id is None:
        if unique:
            raise ValueError("unique=True needs a job_id: it is what must not be there twice")
        return new_id(), "new", ""
    return check_job_id(job_id), "unique" if unique else "replace", os.urandom(4).hex()


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(repr(name) for name in names)


def _meant(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}=?" if near else ""


def _raise_with_advice(error: BadArguments, kwargs: Mapping[str, Any]) -> NoReturn:
    """An argument that the function does not know may be a misspelt option."""
    for name in kwargs:
        if f"'{name}'" in str(error) and (advice := _meant(name, OPTIONS)):
            raise BadArguments(f"{error}{advice}") from None
    raise error from None
