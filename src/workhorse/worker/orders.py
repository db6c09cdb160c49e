"""What the supervisor tells its stable at the start.

In a module of its own: the supervisor needs nothing of the stable, and the stable not what the
supervisor makes its orders of.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.worker.settings import Settings


RECEIVE = 200_000
"""The largest message between supervisor and stable, bytes."""


ORDER = 4096
"""The largest later one: two numbers, with descriptors, of a horse to fork; or a name to learn."""


class Orders(NamedTuple):
    """What the supervisor tells its stable at the start.

    Attributes:
        endpoint: Where the server is, pickled: it is read when the first job asks for it.
        once: Whether a horse runs one job only.
        concurrency: How many jobs a horse runs at a time of those that can.
        threads: Whether all can.
        handlers: The names of the exception handlers.
        killed: The names of the handlers for horses that were killed.
        fresh: Whether each horse is an interpreter of its own.
        logging: How jobs log, pickled for `logs.dictate`; None: as Python does.
    """

    namespace: str
    endpoint: bytes
    path: tuple[str, ...]
    preload: tuple[str, ...]
    serializer: object
    allow: tuple[str, ...]
    allow_classes: tuple[str, ...]
    once: bool
    concurrency: int = 1
    threads: bool = False
    fresh: bool = False
    handlers: tuple[str, ...] = ()
    killed: tuple[str, ...] = ()
    logging: bytes | None = None

    @classmethod
    def of(cls, settings: Settings, connection: Connection) -> Orders:
        """The orders that follow from a worker's settings."""
        return cls(
            namespace=connection.namespace,
            endpoint=pickle.dumps(connection.endpoint),
            path=settings.path,
            preload=settings.preload,
            serializer=settings.serializer,
            allow=settings.allow,
            allow_classes=settings.allow_classes,
            once=settings.once,
            concurrency=settings.lanes,
            threads=settings.isolation == "thread",
            fresh=settings.isolation == "spawn",
            handlers=settings.handlers,
            killed=settings.killed,
            logging=settings.logging,
        )
