"""The calls that a job leaves for the way it ends, as its field `hooks` holds them.

`lua/lib/follow.lua` reads it: packed words, of each call: when (`finished`, `failed`, `stopped`, or
`died`: it failed, and no horse was left that could call its callbacks), how many words follow, and
the id, the queue and the fields of the job to be. Its field `follows` says what it is: `died`,
`stopped` or `webhook`. The server adds which job it follows, when that was enqueued, and its error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple
from zlib import crc32

from workhorse.codec import Codec
from workhorse.envelopes import Bearer, move_call

_WHAT: Final = {"died": "on-failure", "stopped": "on-stopped"}
_LONGEST_ID: Final = 128


class Hook(NamedTuple):
    """One call that a job has left.

    Attributes:
        when: After which end of the job.
        id: The id of the job to be.
        queue: Its queue.
        fields: Its hash.
    """

    when: str
    id: str
    queue: str
    fields: Mapping[bytes, bytes]


def follow_up_id(job_id: str, what: str) -> str:
    """The id of a job that follows another; the same for the same job each time.

    Args:
        job_id: The other job.
        what: `on-failure`, `on-stopped`, or `webhook-<number>`.
    """
    end = f"-{what}"
    if len(job_id) + len(end) > _LONGEST_ID:
        end = f"-{crc32(job_id.encode()):08x}{end}"
    return job_id[: _LONGEST_ID - len(end)] + end


def follows(own_id: str, job_id: str) -> bool:
    """Whether a job of that id can follow the other: the server's word for it is not signed."""
    *_, number = own_id.rpartition("-")
    names = (*_WHAT.values(), f"webhook-{number}")
    return own_id in {follow_up_id(job_id, what) for what in names}


def pack(words: Iterable[str | bytes]) -> bytes:
    """Words as one text, which `lua/lib/words.lua` takes apart: each as `<length>:<word>`."""
    raw = [word if isinstance(word, bytes) else word.encode() for word in words]
    return b"".join(b"%d:%b" % (len(word), word) for word in raw)


def words_in(packed: bytes) -> list[bytes]:
    """The words that `pack` made one text of; of garbage, those before it."""
    words, at = [], 0
    while (colon := packed.find(b":", at)) > at and packed[at:colon].isdigit():
        end = colon + 1 + int(packed[at:colon])
        words.append(packed[colon + 1 : end])
        at = end
    return words


def packed(hooks: Iterable[Hook]) -> bytes:
    """Hooks as the field holds them."""
    words: list[str | bytes] = []
    for hook in hooks:
        fields = [word for pair in hook.fields.items() for word in pair]
        words += (hook.when, str(len(fields) + 2), hook.id, hook.queue, *fields)
    return pack(words)


def unpacked(packed: bytes) -> Iterator[Hook]:
    """The hooks in a field; of garbage, those before it."""
    words, at = words_in(packed), 0
    while at + 3 < len(words) and words[at + 1].isdigit():
        last = at + 2 + int(words[at + 1])
        when, _, job_id, queue = (word.decode("utf-8", "replace") for word in words[at : at + 4])
        pairs = iter(words[at + 4 : last])
        yield Hook(when, job_id, queue, dict(zip(pairs, pairs, strict=False)))
        at = last


def moved(codec: Codec, namespace: str, job_id: str, hooks: bytes) -> bytes:
    """The hooks of another job of the same call as those of this one, not decoded.

    Raises:
        RefusedPayload: They are not to be trusted; the text says why.
    """
    found, webhooks = [], 0
    for hook in unpacked(hooks):
        webhooks += hook.when not in _WHAT
        what = _WHAT.get(hook.when) or f"webhook-{webhooks}"
        own = Bearer(namespace, hook.queue, follow_up_id(job_id, what))
        data = move_call(codec, (namespace, hook.queue, hook.id), own, hook.fields)
        found.append(hook._replace(id=own.job_id, fields={**hook.fields, b"data": data}))
    return packed(found)
