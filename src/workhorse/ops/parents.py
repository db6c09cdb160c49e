"""What has become of the jobs that another is to wait for, for a caller who cannot wait."""

from __future__ import annotations

from workhorse.effects import Batch, Flow, command
from workhorse.exceptions import InvalidJobOperation, NoSuchJobError
from workhorse.keys import Keys
from workhorse.records import CallSpec

ENDED = frozenset(("finished", "failed", "stopped", "canceled"))


def are_met(keys: Keys, spec: CallSpec) -> Flow[bool]:
    """Whether a job may run at once; False: it never will, as one that it waits for has failed.

    Raises:
        NoSuchJobError: One of the jobs was never there.
        InvalidJobOperation: It has to wait.
    """
    words = [word if isinstance(word, bytes) else str(word).encode() for word in spec.fields]
    fields = dict(zip(words[::2], words[1::2], strict=True))
    parents = fields[b"parents"].decode().split()
    policy = fields.get(b"on_parent", b"fail")
    asked = [
        call
        for parent in parents
        for call in (
            command("HGET", keys.job(parent.lstrip("!")), "status"),
            command("GET", keys.gone(parent.lstrip("!"))),
        )
    ]
    replies = yield Batch(asked)
    met = True
    for parent, status, trace in zip(parents, replies[::2], replies[1::2], strict=True):
        fate = _fate(parent, status, trace)
        if fate == "":
            why = f"it cannot be waited for; enqueue it before {spec.id!r}"
            raise NoSuchJobError(parent.lstrip("!"), why)
        if fate == "finished" or policy == b"any" or (policy == b"run" and fate != "canceled"):
            continue
        if fate not in ENDED or (policy == b"wait" and status is not None):
            raise InvalidJobOperation(
                f"job {spec.id!r} depends on job {parent.lstrip('!')!r}, which is {fate}, and a "
                f"queue with is_async=False cannot wait: enqueue it when that has finished, or in "
                f"a queue that workers serve"
            )
        met = False
    return met


def _fate(parent: str, status: bytes | None, trace: bytes | None) -> str:
    """How a job is, or has ended; '' if nobody knows of it. See `lua/lib/defer.lua`."""
    if status is not None:
        return status.decode("utf-8", "replace")
    if trace is None:
        return "" if parent.startswith("!") else "finished"
    words = trace.decode("utf-8", "replace").split()
    return words[1] if len(words) > 1 and words[1] in ENDED else "finished"
