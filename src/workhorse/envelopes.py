"""The three things of a job that travel sealed: its call, its result and its meta.

The signature of an envelope covers what it belongs to, which is not stored in it. So the
client that seals and the worker that opens must name it alike: both do it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from workhorse.codec import Codec
from workhorse.defaults import SIGNED_FIELDS
from workhorse.exceptions import DeserializationError
from workhorse.serializers import ARGUMENTS, resolve_serializer

_SIGNED = tuple(name.encode() for name in SIGNED_FIELDS)

Context = list[str | bytes]
"""What a signature binds, in order."""
_UNSIGNED: Context = []
"""The context where nothing is signed: nobody reads it."""
_PARTS = 3
"""A call's data has so many: its instance, arguments, and arguments by name."""


class Bearer(NamedTuple):
    """The job that an envelope belongs to."""

    namespace: str
    queue: str
    job_id: str


class Arguments(NamedTuple):
    """What a function is called with; `instance` is the object whose method it is, or None."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    instance: Any = None


Names = tuple[str, str, str]
"""What a `Bearer` consists of."""
Call = tuple[Sequence[Any], Mapping[str, Any], Any]
"""What `Arguments` consist of."""


def codec_for(serializer: object = None, allow: Iterable[str] = ()) -> Codec:
    """The codec of a client or worker, as its serializer and the environment want it.

    Whoever chooses no serializer writes `values` and reads `json` as well, which can do no harm.

    Args:
        serializer: What `resolve_serializer` takes.
        allow: For `values`: patterns of the classes that may be written and read.
    """
    also = (b"j",) if serializer is None else ()
    return Codec.from_environment(resolve_serializer(serializer, allow), also=also)


def call_context(bearer: Names, func: str, fields: Mapping[bytes, bytes]) -> Context:
    """What the signature of a call binds.

    Args:
        bearer: The job.
        func: The dotted name of the function.
        fields: The job's hash, or at least those of its `SIGNED_FIELDS` that it has.
    """
    context: Context = ["call", *bearer, func]
    for name in _SIGNED:
        value = fields.get(name)
        if value is not None:
            context += (name, value)
    return context


def result_context(bearer: Bearer) -> Context:
    """What the signature of a return value binds."""
    return ["result", *bearer]


def meta_context(bearer: Names) -> Context:
    """What the signature of a job's meta binds."""
    return ["meta", *bearer]


def seal_call(
    codec: Codec, bearer: Names, func: str, fields: Mapping[bytes, bytes], call: Call
) -> bytes:
    """A call's arguments as stored in `data`; a `Bearer` and `Arguments` need not be made for it.

    Raises:
        NotSerializable: An argument cannot be encoded; `.path` says which.
        PayloadTooLarge: They are over the limit.
    """
    context = call_context(bearer, func, fields) if codec.signs else _UNSIGNED
    args, kwargs, instance = call
    return codec.seal((instance, args, kwargs), context, path=ARGUMENTS)


def open_call(
    codec: Codec, bearer: Bearer, func: str, fields: Mapping[bytes, bytes], data: bytes
) -> Arguments:
    """The arguments in `data`.

    Raises:
        RefusedPayload: It is not to be trusted; the text says why.
        DeserializationError: It holds no arguments.
    """
    value = codec.open(data, call_context(bearer, func, fields) if codec.signs else _UNSIGNED)
    if isinstance(value, tuple | list) and len(value) == _PARTS:
        instance, args, kwargs = value
        if isinstance(args, tuple | list) and isinstance(kwargs, dict):
            return Arguments(tuple(args), kwargs, instance)
    raise DeserializationError(f"job {bearer.job_id!r}: its data holds no arguments")


def move_call(codec: Codec, bearer: Names, to: Names, fields: Mapping[bytes, bytes]) -> bytes:
    """A call's arguments bound to another job of the same call, without looking at them.

    Args:
        codec: Checks and signs.
        bearer: The job that they belong to.
        to: The other job.
        fields: The job's hash.

    Raises:
        RefusedPayload: They are not to be trusted; the text says why.
        DeserializationError: There are none.
    """
    func, data = fields.get(b"func", b"").decode("utf-8", "replace"), fields.get(b"data", b"")
    return codec.moved(data, call_context(bearer, func, fields), call_context(to, func, fields))


def move_meta(codec: Codec, bearer: Names, to: Names, meta: bytes) -> bytes:
    """A job's meta bound to another job, without looking at it.

    Raises:
        RefusedPayload: It is not to be trusted; the text says why.
    """
    return codec.moved(meta, meta_context(bearer), meta_context(to))


def seal_result(codec: Codec, bearer: Bearer, value: object) -> bytes:
    """A return value as stored in `result`; b'' for None, which is not stored.

    Raises:
        NotSerializable: It cannot be encoded; `.path` says what in it.
        PayloadTooLarge: It is over the limit.
    """
    if value is None:
        return b""
    context = result_context(bearer) if codec.signs else _UNSIGNED
    return codec.seal(value, context, path="return value")


def open_result(codec: Codec, bearer: Bearer, result: bytes | None) -> Any:  # noqa: ANN401 - any value
    """The return value in `result`; None if the function returned None.

    Raises:
        RefusedPayload: It is not to be trusted; the text says why.
        DeserializationError: It cannot be decoded.
    """
    return codec.open(result, result_context(bearer)) if result else None


def seal_meta(codec: Codec, bearer: Names, meta: Mapping[str, Any]) -> bytes:
    """A job's meta as stored; b'' for an empty one, which is not stored.

    Raises:
        NotSerializable: A value cannot be encoded; `.path` says which.
        PayloadTooLarge: It is over the limit.
        TypeError: It is no dictionary.
    """
    given: object = meta
    if not isinstance(given, Mapping):
        raise TypeError(f"meta={given!r:.100}: give a dictionary")
    return codec.seal(dict(meta), meta_context(bearer), path="meta") if meta else b""


def open_meta(codec: Codec, bearer: Bearer, meta: bytes | None) -> dict[str, Any]:
    """The job's meta; empty if it has none.

    Raises:
        RefusedPayload: It is not to be trusted; the text says why.
        DeserializationError: It holds no dictionary.
    """
    if not meta:
        return {}
    value = codec.open(meta, meta_context(bearer))
    if not isinstance(value, dict):
        raise DeserializationError(f"job {bearer.job_id!r}: its meta is no dictionary")
    return value
