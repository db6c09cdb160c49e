"""The calls that a job leaves for the way it ends: made by the server, as jobs of their own.

They are sealed when the job is enqueued, into its field `hooks`, which `lua/lib/follow.lua` reads:
packed words `<length>:<bytes>`, of each call: when (`finished`, `failed`, `stopped`, or `died`: it
failed, and no horse was left that could call its callbacks), how many words follow, and the id,
the queue and the fields of the job to be. Its field `follows` says what it is: `died`, `stopped`
or `webhook`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from zlib import crc32

from workhorse.callbacks import Callback
from workhorse.codec import Codec
from workhorse.defaults import SIGNED_FIELDS
from workhorse.envelopes import Bearer, open_call, seal_call
from workhorse.exceptions import DeserializationError
from workhorse.ops.groups import pack
from workhorse.policies import Retry
from workhorse.webhook import Webhook

RETRY: Final = Retry(
    7,
    10,
    backoff=3,
    max_interval=7200,
    jitter=0.2,
    never="workhorse.exceptions.WebhookRefused",
)
"""When a webhook is delivered again: after 10 s, 30 s, 90 s, ... up to 2 h; 3 h in all."""
DELIVER: Final = "workhorse.webhook.deliver"

_CALLED: Final = {"died": "on_failure", "stopped": "on_stopped"}
_LONGEST_ID: Final = 128
_SIGNED = frozenset(name.encode() for name in SIGNED_FIELDS)


def hooks_of(  # noqa: PLR0913 - all that a job may leave
    codec: Codec,
    job: Bearer,
    func: str,
    on_failure: Callback | None,
    on_stopped: Callback | None,
    webhooks: Sequence[Webhook],
) -> bytes:
    """What a job's field `hooks` holds; b'' for a job that leaves nothing to be called.

    Args:
        codec: Seals.
        job: The job.
        func: The name of its function.
        on_failure: What to call if it dies.
        on_stopped: What to call if it is stopped.
        webhooks: The requests to make.
    """
    words: list[str | bytes] = []
    for when, callback in (("died", on_failure), ("stopped", on_stopped)):
        if callback is not None:
            words += _packed(when, _called_later(codec, job, when, callback))
    for number, webhook in enumerate(webhooks, 1):
        words += _packed(webhook.job_status, _delivered(codec, job, func, webhook, number))
    return pack(words) if words else b""


def webhooks_in(codec: Codec, namespace: str, hooks: bytes) -> list[Webhook]:
    """The webhooks in a job's field `hooks`.

    Raises:
        RefusedPayload: They are not to be trusted; the text says why.
        DeserializationError: They cannot be read.
    """
    found = []
    for _, job_id, queue, fields in _unpacked(hooks):
        if fields.get(b"follows") == b"webhook":
            bearer = Bearer(namespace, queue, job_id)
            signed = {name: value for name, value in fields.items() if name in _SIGNED}
            func = fields.get(b"func", b"").decode("utf-8", "replace")
            call = open_call(codec, bearer, func, signed, fields.get(b"data", b""))
            found.append(webhook_of(job_id, call.args))
    return found


def webhook_of(job_id: str, args: Sequence[Any]) -> Webhook:
    """The webhook that a delivery is of, by the delivery's arguments.

    Raises:
        DeserializationError: There is none in them.
    """
    try:
        return Webhook.from_dict(args[2])
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DeserializationError(f"job {job_id!r} holds no webhook: {error!s:.200}") from error


def words_in(packed: bytes) -> list[bytes]:
    """The words that `pack` made one text of; of garbage, those before it."""
    words, at = [], 0
    while (colon := packed.find(b":", at)) > at and packed[at:colon].isdigit():
        end = colon + 1 + int(packed[at:colon])
        words.append(packed[colon + 1 : end])
        at = end
    return words


def follow_up_id(job_id: str, what: str) -> str:
    """The id of a job that follows another; the same for the same job each time."""
    end = f"-{what}"
    if len(job_id) + len(end) > _LONGEST_ID:
        end = f"-{crc32(job_id.encode()):08x}{end}"
    return job_id[: _LONGEST_ID - len(end)] + end


_Call = tuple[str, str, list[str | bytes]]
"""A job to be: its id, its queue, and the words of its fields."""


def _packed(when: str, call: _Call) -> list[str | bytes]:
    job_id, queue, words = call
    return [when, str(len(words) + 2), job_id, queue, *words]


def _called_later(codec: Codec, job: Bearer, when: str, callback: Callback) -> _Call:
    kind = _CALLED[when]
    options = {"timeout": f"{callback.timeout!r}", "result_ttl": "0", "follows": when}
    description = f"{callback.name}: {kind} of {job.job_id}"
    own = job._replace(job_id=follow_up_id(job.job_id, kind.replace("_", "-")))
    return _sealed(codec, own, callback.name, (job.job_id,), options, description)


def _delivered(codec: Codec, job: Bearer, func: str, webhook: Webhook, number: int) -> _Call:
    # The other side's time is for each step of it: to connect, to answer, to redirect.
    options = {
        "timeout": str(3 * webhook.timeout + 10),
        "result_ttl": "0",
        "retry": RETRY.to_text(),
        "follows": "webhook",
    }
    own = job._replace(job_id=follow_up_id(job.job_id, f"webhook-{number}"))
    args = (job.job_id, func, webhook.to_dict())
    return _sealed(codec, own, DELIVER, args, options, webhook.description)


def _sealed(  # noqa: PLR0913 - the words of one call
    codec: Codec,
    own: Bearer,
    func: str,
    args: tuple[Any, ...],
    options: dict[str, str],
    description: str,
) -> _Call:
    signed = {name.encode(): value.encode() for name, value in options.items()}
    data = seal_call(codec, own, func, signed, (args, {}, None))
    words: list[str | bytes] = ["func", func, "data", data, "description", description]
    for name, value in options.items():
        words += (name, value)
    return own.job_id, own.queue, words


def _unpacked(hooks: bytes) -> Iterator[tuple[str, str, str, dict[bytes, bytes]]]:
    """When each call is made; the id, the queue and the fields of its job."""
    words, at = words_in(hooks), 0
    while at + 3 < len(words) and words[at + 1].isdigit():
        last = at + 2 + int(words[at + 1])
        job_id, queue = words[at + 2].decode("utf-8", "replace"), words[at + 3].decode()
        pairs = iter(words[at + 4 : last])
        yield words[at].decode(), job_id, queue, dict(zip(pairs, pairs, strict=False))
        at = last
