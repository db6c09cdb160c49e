"""Look at queues, and empty them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workhorse.effects import Call, Flow, command
from workhorse.keys import Keys
from workhorse.names import is_queue_name
from workhorse.scripts import load


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many jobs a queue has in each state, and whether it is suspended."""

    name: str
    queued: int
    started: int
    finished: int
    failed: int
    deferred: int
    scheduled: int
    canceled: int
    suspended: bool = False


def overview(keys: Keys, names: Sequence[str] = ()) -> Flow[list[QueueCounts]]:
    """The counts of the named queues, or of all, by name; nothing is changed."""
    rows = yield Call(load("overview"), [keys.agenda, "", *names])
    return [_counts(*row) for row in rows]


def _counts(name: bytes, *numbers: int) -> QueueCounts:
    queued, started, finished, failed, deferred, scheduled, canceled, suspended = numbers
    return QueueCounts(
        *(name.decode("utf-8", "replace"), queued, started, finished, failed),
        *(deferred, scheduled, canceled, suspended == 1),
    )


def names(keys: Keys) -> Flow[list[str]]:
    """The names of all queues that have ever held a job, sorted.

    What cannot be the name of a queue is left out: shells complete these names.
    """
    found = yield command("SMEMBERS", keys.queues)
    decoded = (name.decode("utf-8", "replace") for name in found)
    return sorted(filter(is_queue_name, decoded))


def length(keys: Keys, queue: str) -> Flow[int]:
    """How many jobs are ready."""
    count: int = yield command("LLEN", keys.queue(queue))
    return count


def ids(keys: Keys, queue: str, start: int = 0, stop: int = -1) -> Flow[list[str]]:
    """Ids of ready jobs from index `start` to `stop`, the next to run first."""
    found = yield command("LRANGE", keys.queue(queue), start, stop)
    return [job_id.decode("utf-8", "replace") for job_id in found]


def position(keys: Keys, queue: str, job_id: str) -> Flow[int | None]:
    """How many jobs are ahead of this one in its queue; None if it is not there. O(n)."""
    found: int | None = yield command("LPOS", keys.queue(queue), job_id)
    return found


def empty(keys: Keys, queue: str) -> Flow[int]:
    """Delete all jobs that are ready; how many there were.

    Deletes in bounded steps, so that a long queue does not hold up the server.
    """
    total, at_most = 0, 1000
    while True:
        deleted: int = yield Call(load("empty"), [keys.agenda, "", queue, at_most])
        total += deleted
        if deleted < at_most:
            return total


def remove_name(keys: Keys, queue: str) -> Flow[None]:
    """Take a queue's name out of the list of queues; its next job brings it back."""
    yield Call(load("drop"), [keys.agenda, queue])
