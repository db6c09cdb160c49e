"""The options of a call: what users may give, checked, and as fields of a job's hash."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from workhorse.callbacks import CALLED_WITH, Callback, callback_of
from workhorse.clock import made_at
from workhorse.defaults import DEFAULT_FAILURE_TTL, DEFAULT_TIMEOUT
from workhorse.dependency import RateLimit, dependency_of, id_of
from workhorse.names import check_group_name
from workhorse.policies import Repeat, Retry
from workhorse.schedules import seconds

if TYPE_CHECKING:
    from workhorse.webhook import Webhook

Duration = float | str | timedelta
"""5, 2.5, '90', '90s', '3m', '1h', '2d', or a timedelta; whole seconds for a ttl."""
OnCrash = Literal["retry", "fail"]
"""What becomes of a job whose worker vanished: it is delivered again, or fails at once."""

OnEnd = Callback | Callable[..., Any] | str
"""What is called when a job has ended."""


class CallOptions(TypedDict, total=False):
    """The options of a call; `Queue.enqueue` explains them, and calls `timeout` `job_timeout`."""

    timeout: Duration | None
    result_ttl: Duration | None
    ttl: Duration | None
    failure_ttl: Duration | None
    description: str | None
    job_id: str | None
    at_front: bool
    meta: Mapping[str, Any] | None
    retry: Retry | int | None
    unique: bool
    on_crash: OnCrash | None
    depends_on: Any
    repeat: Repeat | int | None
    rate_limit: RateLimit | None
    group_id: str | None
    on_success: OnEnd | None
    on_failure: OnEnd | None
    on_stopped: OnEnd | None
    webhooks: Sequence[Webhook] | None


class EnqueueData(NamedTuple):
    """One call and its options as the user gave them; `Queue.prepare_data` makes it."""

    func: Callable[..., Any] | str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = {}
    timeout: Duration | None = None
    result_ttl: Duration | None = None
    ttl: Duration | None = None
    failure_ttl: Duration | None = None
    description: str | None = None
    job_id: str | None = None
    at_front: bool = False
    meta: Mapping[str, Any] | None = None
    retry: Retry | int | None = None
    unique: bool = False
    on_crash: OnCrash | None = None
    depends_on: Any = None
    repeat: Repeat | int | None = None
    rate_limit: RateLimit | None = None
    group_id: str | None = None
    on_success: OnEnd | None = None
    on_failure: OnEnd | None = None
    on_stopped: OnEnd | None = None
    webhooks: Sequence[Webhook] | None = None


UNSET = EnqueueData("")[3:]
"""The options of a call that has none."""


def plain_call(
    func: Callable[..., Any] | str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> EnqueueData:
    """A call that has no options, which costs a third of the constructor's time."""
    return tuple.__new__(EnqueueData, (func, args, kwargs, *UNSET))


OPTIONS: Mapping[str, str] = {
    "job_timeout": "timeout",
    **{name: name for name in EnqueueData._fields[4:]},
}
"""What `enqueue` keeps for itself -> the option's name; all other keywords are the function's."""

LATER = frozenset(("pipeline",))
"""Options of RQ that this version does not have; None is accepted."""

MOST_WEBHOOKS = 20
"""How many webhooks a job may have."""
TRACE = 500
"""How long the server remembers a job that was deleted when it ended, seconds."""


def options_of(call: EnqueueData, base: EnqueueData | None = None) -> Mapping[bytes, bytes]:
    """The hash fields of a call's options; one that has its default value is absent.

    Args:
        call: The call.
        base: What holds where it has no value of its own.

    Raises:
        ValueError: A value makes no sense.
        TypeError: A value is of the wrong type.
    """
    base = base or call
    given = {
        b"timeout": _timeout(_first(call.timeout, base.timeout)),
        b"result_ttl": _kept_for("result_ttl", _first(call.result_ttl, base.result_ttl)),
        b"failure_ttl": _kept_for("failure_ttl", call.failure_ttl, DEFAULT_FAILURE_TTL),
        b"ttl": _ttl(call.ttl),
        b"retry": _retry(call.retry),
        b"on_crash": _on_crash(_first(call.on_crash, base.on_crash)),
        b"repeat": _repeat(call.repeat),
        **_bonds(call),
        **_callbacks(call),
    }
    return {name: value.encode() for name, value in given.items() if value is not None}


def lasting_ms(ttl: Duration | None) -> int:
    """How long a suspension lasts, ms; -1 for None.

    Raises:
        ValueError: It is not above 0.
    """
    if ttl is None:
        return -1
    length = seconds(ttl, what="ttl")
    if length <= 0:
        raise ValueError(
            f"ttl={ttl!r}: give a number of seconds above 0, or None to go on until resume()"
        )
    return max(1, round(length * 1000))


def _first(given: Any, default: Any) -> Any:  # noqa: ANN401 - any option
    return default if given is None else given


def _timeout(given: Duration | None) -> str | None:
    if given is None:
        return None
    limit = seconds(given, what="job_timeout")
    if limit == -1:
        return "-1"
    if limit <= 0:
        raise ValueError(
            f"job_timeout={given!r}: a job needs time to run; give a number of seconds above 0, "
            f"or -1 for no limit"
        )
    return None if limit == DEFAULT_TIMEOUT else _number(limit)


def _kept_for(what: str, given: Duration | None, default: int | None = None) -> str | None:
    if given is None:
        return None
    kept = ceil(seconds(given, what=what))
    if kept < -1:
        raise ValueError(
            f"{what}={given!r}: give a number of seconds, 0 to delete at once, or -1 to keep it "
            f"for ever"
        )
    return None if kept == default else str(kept)


def _ttl(given: Duration | None) -> str | None:
    if given is None:
        return None
    kept = ceil(seconds(given, what="ttl"))
    if kept <= 0:
        raise ValueError(
            f"ttl={given!r}: the job would be gone before it could run; give a number of seconds "
            f"above 0, or leave ttl out to let it wait for ever"
        )
    return str(kept)


def _retry(given: Retry | int | None) -> str | None:
    if given is None:
        return None
    if isinstance(given, Retry):
        return given.to_text()
    if type(given) is not int:
        raise TypeError(f"retry={given!r:.100}: give Retry(...) or how many times to retry")
    return Retry(given).to_text() if given else None


def _on_crash(given: str | None) -> str | None:
    if given not in (None, "retry", "fail"):
        raise ValueError(f"on_crash={given!r:.100}: give 'retry' or 'fail'")
    return given if given == "fail" else None


def _number(value: float) -> str:
    """A whole number without its '.0'."""
    return str(int(value)) if value.is_integer() else repr(value)


def is_at_front(call: EnqueueData) -> bool:
    """Whether a job that waits for others goes to the head of its queue then."""
    dependency = dependency_of(call.depends_on)
    return dependency is not None and dependency.enqueue_at_front


def _repeat(given: Repeat | int | None) -> str | None:
    if given is None:
        return None
    if isinstance(given, Repeat):
        return given.to_text()
    if type(given) is not int:
        raise TypeError(f"repeat={given!r:.100}: give Repeat(...) or how many times more to run")
    return Repeat(given).to_text() if given else None


def _bonds(call: EnqueueData) -> dict[bytes, str | None]:
    """What ties a job to others."""
    bonds: dict[bytes, str | None] = {}
    if call.rate_limit is not None:
        if not isinstance(call.rate_limit, RateLimit):
            raise TypeError(
                f"rate_limit={call.rate_limit!r:.100}: give RateLimit(key, concurrency)"
            )
        bonds[b"rate_limit"] = call.rate_limit.to_text()
    if call.group_id is not None:
        bonds[b"group_id"] = check_group_name(call.group_id)
    if bonds:
        bonds[b"after"] = "1"
    dependency = dependency_of(call.depends_on)
    if dependency is not None:
        if call.job_id is not None and call.job_id in map(id_of, dependency.jobs):
            raise ValueError(
                f"job {call.job_id!r} depends on itself: it would wait for ever; name other jobs"
            )
        bonds[b"parents"] = " ".join(map(_parent, dependency.jobs))
        if dependency.on_failure not in (None, "fail"):
            bonds[b"on_parent"] = dependency.on_failure
    return bonds


def _callbacks(call: EnqueueData) -> dict[bytes, str | None]:
    """What is called when a job ends. All but a success may find no horse to do it."""
    called: dict[bytes, str | None] = {}
    for kind in CALLED_WITH:
        callback = callback_of(kind, getattr(call, kind))
        if callback is not None:
            called[kind.encode()] = callback.to_text()
    if call.webhooks is not None:
        webhooks_of(call)
    if leaves_calls(call):
        called[b"after"] = "1"
    return called


def leaves_calls(call: EnqueueData) -> bool:
    """Whether the server has to make calls when the job ends."""
    return call.on_failure is not None or call.on_stopped is not None or bool(call.webhooks)


def webhooks_of(call: EnqueueData) -> Sequence[Webhook]:
    """A call's webhooks.

    Raises:
        TypeError: There is something else among them.
        ValueError: There are too many.
    """
    from workhorse.webhook import Webhook  # noqa: PLC0415 - few calls have any

    given: object = call.webhooks or ()
    if not isinstance(given, Sequence) or not all(isinstance(one, Webhook) for one in given):
        raise TypeError(f"webhooks={given!r:.100}: give a list of Webhook(...)")
    if len(given) > MOST_WEBHOOKS:
        raise ValueError(f"{len(given)} webhooks: a job has {MOST_WEBHOOKS} at most")
    return given


def _parent(job: Any) -> str:  # noqa: ANN401 - an id or a handle
    """The id of a job to wait for; with `!` if the server must know it, or have known it lately.

    Who has a handle that has seen the job knows that there was one; and of one of our own ids
    that is older than the trace that an ended job leaves, nobody can say more.
    """
    job_id = id_of(job)
    if getattr(job, "is_known", False):
        return job_id
    made = made_at(job_id)
    return job_id if made is not None and made < time.time() - TRACE else f"!{job_id}"
