"""Queues that are not served for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workhorse.effects import Batch, Call, Flow, command
from workhorse.keys import Keys
from workhorse.scripts import load

ALL = "*"
"""Stands for all queues of a namespace, those to come included."""


def suspend(keys: Keys, queues: Sequence[str], duration: int) -> Flow[None]:
    """Let no worker take jobs of these queues, for *duration* ms, or -1: until they are resumed."""
    yield Call(load("suspend"), [keys.agenda, "", duration, *queues])


def resume(keys: Keys, queues: Sequence[str]) -> Flow[int]:
    """Have these queues served again; how many of them were suspended."""
    ended: int = yield Call(load("resume"), [keys.agenda, "", *queues])
    return ended


def suspended(keys: Keys) -> Flow[Mapping[str, int | None]]:
    """Which queues are suspended -> until when, ms since 1970; None: until they are resumed."""
    (seconds, micros), flat = yield Batch([command("TIME"), command("HGETALL", keys.suspensions)])
    now = int(seconds) * 1000 + int(micros) // 1000
    words = iter(flat)
    found = {
        name.decode("utf-8", "replace"): int(until) or None
        for name, until in zip(words, words, strict=True)
    }
    return {name: until for name, until in found.items() if until is None or until > now}
