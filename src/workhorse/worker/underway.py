"""The exchange of a worker without horses that is under way while it runs jobs.

Its answer waits in the link until the job that runs has ended, which may take longer than a lease.
So the heartbeat looks at it, too: what it brings is extended like all that the worker holds.
"""

from __future__ import annotations

import logging
import threading

from workhorse.connection import Connection
from workhorse.effects import Flow
from workhorse.exceptions import ServerError
from workhorse.links.blocking import Link
from workhorse.ops.claim import Exchanged
from workhorse.ops.leases import Lease
from workhorse.worker.exchanges import answer_of, opened

log = logging.getLogger("workhorse.worker")


class Underway:
    """The exchange that is under way, if one is, and the link on which it is.

    Args:
        connection: The way to the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._flow: Flow[Exchanged] | None = None
        self._got: Exchanged | None = None

    def send(self, flow: Flow[Exchanged]) -> None:
        """Begin an exchange; it is under way if the link is up."""
        packed = opened(flow)
        with self._lock:
            try:
                if self._link is None or self._link.closed:
                    self._link = self._connection.dedicated()
                self._link.post(packed)
            except ServerError as error:
                log.debug("the server is out of reach: %s", error)
                self._drop()
            else:
                self._flow = flow

    def answer(self) -> Exchanged | None:
        """The answer, with which it is over; None: it must be made again."""
        with self._lock:
            self._collect()
            got, self._got = self._got, None
        return got

    def leases(self) -> list[Lease]:
        """What it has brought so far; another thread may ask."""
        with self._lock:
            self._collect()
            return [] if self._got is None else self._got.jobs

    def close(self) -> None:
        """Close the link."""
        with self._lock:
            self._drop()

    def _collect(self) -> None:
        flow, self._flow = self._flow, None
        if flow is None or self._link is None:
            return
        try:
            reply = self._link.collect()[0]
        except ServerError as error:
            log.debug("the server is out of reach: %s", error)
            reply = error
        if isinstance(reply, ServerError):
            self._drop()
        else:
            self._got = answer_of(flow, reply)

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
