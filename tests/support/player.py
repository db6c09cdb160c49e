"""Somebody who plays the worker: claims and settles, and runs nothing."""

from __future__ import annotations

from workhorse.codec import Codec
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.envelopes import Bearer, codec_for, seal_result
from workhorse.ops.claim import Terms, exchange
from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.ops.settle import Outcome, settle


class Player:
    """One worker's side of the hand-over."""

    def __init__(self, connection: Connection, codec: Codec | None = None, name: str = "w") -> None:
        self.connection = connection
        self.codec = codec or codec_for()
        self.terms = Terms(name, 60_000, 3)
        self.number = 0

    def claim(self, *queues: str, want: int = 1) -> list[Lease]:
        return self._exchange(queues or ("default",), want)

    def take(self, queue: str = "default") -> Lease:
        (lease,) = self.claim(queue)
        return lease

    def settle(self, lease: Lease, report: Report) -> None:
        self._exchange((), 0, settle(lease, report, chance=0.5))

    def finish(self, lease: Lease, value: object = None) -> None:
        bearer = Bearer(self.connection.namespace, lease.queue, lease.id)
        self.settle(lease, Report("finished", seal_result(self.codec, bearer, value), ran=2000))

    def fail(self, lease: Lease, text: str = "Traceback ...\nValueError: no") -> None:
        self.settle(
            lease, Report("failed", text.encode(), ran=2000, names=("builtins.ValueError",))
        )

    def _exchange(self, queues: tuple[str, ...], want: int, *outcomes: Outcome) -> list[Lease]:
        self.number += 1
        flow = exchange(self.connection.keys, self.terms, self.number, queues, want, outcomes)
        return run(self.connection, flow).jobs
