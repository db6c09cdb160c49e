"""Jobs of a queue with `is_async=False`: run by the process that enqueues them, at once.

They are leased to that process for as long as they may run; if it dies, a worker takes them.
"""

from __future__ import annotations

import os
import random
import secrets
import sys

from workhorse.defaults import MAX_CRASHES, callback_parts
from workhorse.effects import Flow
from workhorse.keys import Keys
from workhorse.ops.claim import Terms, exchange
from workhorse.ops.leases import Lease
from workhorse.ops.settle import Outcome, settle
from workhorse.records import CallSpec
from workhorse.sources import Source
from workhorse.worker.execution import Kit
from workhorse.worker.handoff import HandedJob
from workhorse.worker.hooks import execute

_A_DAY = 86_400_000
_REPORT = "workhorse.integrations.sentry.report"
_NUMBER = 1


def begin(spec: CallSpec, queue: str) -> tuple[Lease, CallSpec]:
    """The lease on a job that is about to be stored, and the call with that lease in it."""
    token = f"here.{os.getpid()}.{secrets.token_hex(4)}:{_NUMBER}"
    words = iter(spec.fields)
    fields = {_bytes(name): _bytes(value) for name, value in zip(words, words, strict=True)}
    lease = Lease(spec.id, queue, token, 1, fields)
    calls = sum(
        callback_parts(fields[kind].decode())[1]
        for kind in (b"on_success", b"on_failure")
        if kind in fields
    )
    longest = _A_DAY if lease.timeout < 0 else round((lease.timeout + calls) * 1000) + 5000
    # As `take` marks the tokens of jobs whose end has consequences.
    held = f"{token}+" if b"after" in fields else token
    began = (*spec.fields, "token", held, "attempt", "1")
    return lease, spec._replace(fields=began, lease=longest, ttl=None)


def run_here(lease: Lease, source: Source) -> Outcome:
    """Run the job and say what came of it."""
    job = HandedJob(lease.id, lease.queue, lease.token, lease.attempt, lease.fields)
    kit = Kit(source)
    if _speaks_to_sentry():
        # What it raises nobody sees but here, as it is not raised to the caller.
        kit.handlers = (_REPORT,)
    return settle(lease, execute(job, kit), chance=random.random())


def settled(keys: Keys, outcome: Outcome) -> Flow[None]:
    """Say it to the server."""
    terms = Terms(outcome.token.rpartition(":")[0], 1000, MAX_CRASHES)
    yield from exchange(keys, terms, _NUMBER, [outcome.queue], 0, [outcome])


def _speaks_to_sentry() -> bool:
    """Whether this process has begun to; nothing is imported to find out."""
    sdk = sys.modules.get("sentry_sdk")
    return sdk is not None and bool(sdk.get_client().is_active())


def _bytes(word: str | bytes | float) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode()
