"""Very many jobs that are scheduled and do not fall due while something is measured."""

from __future__ import annotations

import asyncio

from workhorse import AsyncQueue, Connection

NOOP = "benchmarks.jobs.noop"
HOUR = 3600
_PER_CALL = 1_000


async def schedule(connection: Connection, count: int) -> None:
    """Schedule so many no-ops, each due in an hour or two, as fast as one client can."""
    queue = AsyncQueue(connection=connection)
    for start in range(0, count, _PER_CALL):
        await asyncio.gather(
            *(
                queue.enqueue_in(HOUR + number % HOUR, NOOP, number)
                for number in range(start, min(count, start + _PER_CALL))
            )
        )
