"""Which workers there are."""

from __future__ import annotations

from workhorse.compat.clients import namespace
from workhorse.compat.rq.queue import Queue
from workhorse.compat.rq.worker import Worker
from workhorse.keys import Keys

REDIS_WORKER_KEYS = Keys(namespace()).workers


def get_keys(queue: Queue | None = None, connection: object = None) -> set[str]:
    """The keys of the hashes of all workers, or of those of a queue.

    Raises:
        ValueError: Neither a queue nor a connection is given.
    """
    if queue is None and connection is None:
        raise ValueError('"Queue" or "connection" argument is required')
    return set(Worker.all_keys(connection, queue))


def clean_worker_registry(queue: Queue) -> None:
    """Do nothing: a worker that beats no more is forgotten by itself."""


__all__ = ["REDIS_WORKER_KEYS", "clean_worker_registry", "get_keys"]
