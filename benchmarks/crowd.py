"""Many workers of Workhorse without their processes: what each would say to the server.

This is the only place of the benchmarks where jobs are run behind the public API.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from workhorse import Connection, connect
from workhorse.drivers import run
from workhorse.ops import workers
from workhorse.ops.claim import Terms, exchange
from workhorse.ops.reports import Report
from workhorse.ops.settle import Outcome, settle

_LEASE = 15_000
_TTL = 60_000
_MAX_CRASHES = 3
_BATCH = 10
_KEPT = 500


class PretendedWorker:
    """One of them, with a connection of its own."""

    def __init__(self, url: str, number: int) -> None:
        self._connection: Connection = connect(url)
        self._who = workers.Identity(f"pretended-{number}", "", str(number))
        self._terms = Terms(self._who.name, _LEASE, _MAX_CRASHES)
        self._number = time.time_ns() // 1000
        self._outcomes: list[Outcome] = []
        run(self._connection, workers.register(self._keys, self._who, _TTL, {}))

    @property
    def _keys(self):
        return self._connection.keys

    def beat(self) -> None:
        """Say that it is alive."""
        run(self._connection, workers.extend(self._keys, self._who, _TTL, _LEASE, {}, ()))

    def work(self, want: int = _BATCH) -> int:
        """Hand in what it has, and take more; how many jobs it took."""
        self._number += 1
        flow = exchange(self._keys, self._terms, self._number, ["default"], want, self._outcomes)
        got = run(self._connection, flow)
        report = Report("finished", b"")
        self._outcomes = [settle(lease, report, chance=0.5, result_ttl=_KEPT) for lease in got.jobs]
        return len(got.jobs)

    def leave(self) -> None:
        """Hand in the rest, and go."""
        self.work(0)
        run(self._connection, workers.unregister(self._keys, self._who))
        self._connection.close()


@contextlib.contextmanager
def crowd(url: str, count: int) -> Iterator[list[PretendedWorker]]:
    """So many workers."""
    them = [PretendedWorker(url, number) for number in range(count)]
    try:
        yield them
    finally:
        for one in them:
            one.leave()
