"""The calls that a job leaves for the way it ends: made by the server, as jobs of their own.

They are sealed when the job is enqueued; see `ops.hooks`. What they are called with is found when
they run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from workhorse.callbacks import Callback
from workhorse.codec import Codec
from workhorse.envelopes import Bearer, open_call, seal_call
from workhorse.exceptions import DeserializationError
from workhorse.ops.hooks import Hook, follow_up_id, packed, unpacked
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
    hooks = [
        _called_later(codec, job, when, callback)
        for when, callback in (("died", on_failure), ("stopped", on_stopped))
        if callback is not None
    ]
    numbered = enumerate(webhooks, 1)
    hooks += [_delivered(codec, job, func, webhook, number) for number, webhook in numbered]
    return packed(hooks)


def webhooks_in(codec: Codec, namespace: str, hooks: bytes) -> list[Webhook]:
    """The webhooks in a job's field `hooks`.

    Raises:
        RefusedPayload: They are not to be trusted; the text says why.
        DeserializationError: They cannot be read.
    """
    found = []
    for hook in unpacked(hooks):
        if hook.fields.get(b"follows") == b"webhook":
            bearer = Bearer(namespace, hook.queue, hook.id)
            func = hook.fields.get(b"func", b"").decode("utf-8", "replace")
            call = open_call(codec, bearer, func, hook.fields, hook.fields.get(b"data", b""))
            found.append(webhook_of(hook.id, call.args)[1])
    return found


def webhook_of(job_id: str, args: Sequence[Any]) -> tuple[str, Webhook]:
    """Whose end a delivery tells, as the name of a function, and the webhook, by its arguments.

    Raises:
        DeserializationError: There is none in them.
    """
    try:
        func, values = args
        return str(func), Webhook.from_dict(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DeserializationError(f"job {job_id!r} holds no webhook: {error!s:.200}") from error


def _called_later(codec: Codec, job: Bearer, when: str, callback: Callback) -> Hook:
    kind = _CALLED[when]
    own = job._replace(job_id=follow_up_id(job.job_id, kind.replace("_", "-")))
    options = {"timeout": repr(callback.timeout), "result_ttl": "0", "follows": when}
    return _sealed(codec, when, own, callback.name, (), options, f"{kind}: {callback.name}")


def _delivered(codec: Codec, job: Bearer, func: str, webhook: Webhook, number: int) -> Hook:
    options = {
        # The other side's time is for each step of it: to connect, to answer, to redirect.
        "timeout": str(3 * webhook.timeout + 10),
        "result_ttl": "0",
        "retry": RETRY.to_text(),
        "follows": "webhook",
    }
    own = job._replace(job_id=follow_up_id(job.job_id, f"webhook-{number}"))
    args = (func, webhook.to_dict())
    when = webhook.job_status
    return _sealed(codec, when, own, DELIVER, args, options, webhook.description)


def _sealed(  # noqa: PLR0913 - the words of one call
    codec: Codec,
    when: str,
    own: Bearer,
    func: str,
    args: tuple[Any, ...],
    options: dict[str, str],
    description: str,
) -> Hook:
    signed = {name.encode(): value.encode() for name, value in options.items()}
    data = seal_call(codec, own, func, signed, (args, {}, None))
    call = {b"func": func.encode(), b"data": data, b"description": description.encode()}
    return Hook(when, own.job_id, own.queue, {**call, **signed})
