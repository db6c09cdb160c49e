"""Read a queue's registries. Reading changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from workhorse.effects import Call, Flow, command
from workhorse.keys import Keys
from workhorse.scripts import load

EXPIRING = frozenset({"finished", "failed", "canceled"})
"""Registries whose scores are expiries; what has expired is not shown."""


@dataclass(frozen=True, slots=True)
class Members:
    """A slice of a registry.

    Attributes:
        total: How many jobs the registry has.
        ids: The ids asked for.
    """

    total: int
    ids: list[str]


def registry_key(keys: Keys, kind: str, queue: str) -> str:
    """The key of a queue's registry of that kind, such as `failed`."""
    key: str = getattr(keys, kind)(queue)
    return key


def members(  # noqa: PLR0913 - a key of two parts, and a slice
    keys: Keys, kind: str, queue: str, start: int = 0, stop: int = -1, *, desc: bool = False
) -> Flow[Members]:
    """Ids by score from index `start` to `stop`, and how many there are in all."""
    words = [
        keys.agenda,
        "",
        registry_key(keys, kind, queue),
        "1" if kind in EXPIRING else "",
        start,
        stop,
        "desc" if desc else "asc",
    ]
    total, found = yield Call(load("members"), words)
    return Members(total, [job_id.decode("utf-8", "replace") for job_id in found])


def score(keys: Keys, kind: str, queue: str, job_id: str) -> Flow[float | None]:
    """The job's score in a registry (ms; inf for never), or None if it is not in it."""
    found = yield command("ZSCORE", registry_key(keys, kind, queue), job_id)
    return None if found is None else float(found)


def until(keys: Keys, kind: str, queue: str, ms: float) -> Flow[list[str]]:
    """The ids whose score is at most *ms*, in order."""
    key = registry_key(keys, kind, queue)
    found = yield command("ZRANGE", key, "-inf", int(ms), "BYSCORE")
    return [job_id.decode("utf-8", "replace") for job_id in found]
