"""How a worker without horses makes its exchanges: one at a time, over a link of its own.

An answer waits in the link until the job that runs has ended, which may take longer than a lease.
So the heartbeat looks at it, too: what it brings is extended like all that the worker holds.
"""

from __future__ import annotations

import logging
import threading
import time

from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.effects import Flow
from workhorse.exceptions import ServerError
from workhorse.links.blocking import Link
from workhorse.ops.claim import Exchanged, Terms, exchange
from workhorse.ops.leases import Lease
from workhorse.worker.exchanges import Pending, answer_of, opened, replaced

log = logging.getLogger("workhorse.worker")

NOTHING = Exchanged([], [], None, left=False)


class Straight:
    """The way of one worker to its server.

    Args:
        connection: The server.
        terms: The worker's.
        stopping: Whether the worker is to end: then it insists on nothing but on outcomes.
    """

    def __init__(self, connection: Connection, terms: Terms, stopping: threading.Event) -> None:
        self._connection = connection
        self._terms = terms
        self._stopping = stopping
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._underway: Flow[Exchanged] | None = None
        self._got: Exchanged | None = None

    def send(self, pending: Pending) -> None:
        """Begin an exchange; it is under way if the link is up."""
        flow = self._flow(pending)
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
                self._underway = flow

    def receive(self, pending: Pending) -> Exchanged:
        """The answer to an exchange; if none came straight, it is made again until one does."""
        with self._lock:
            self._collect()
            got, self._got = self._got, None
        if got is None:
            got = self._insist(pending)
        for job_id in got.refused:
            log.warning("the outcome of job %s came too late: its lease was lost", job_id)
        return got

    def leases(self) -> list[Lease]:
        """What the exchange has brought that is under way; another thread may ask."""
        with self._lock:
            self._collect()
            return [] if self._got is None else self._got.jobs

    def close(self) -> None:
        """Give up the link."""
        with self._lock:
            self._drop()

    def _collect(self) -> None:
        flow, self._underway = self._underway, None
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

    def _insist(self, pending: Pending) -> Exchanged:
        delay = 0.1
        # The jobs that a last answer would have brought return when their leases end.
        while pending.outcomes or not self._stopping.is_set():
            try:
                return run(self._connection, self._flow(pending))
            except ServerError as error:
                if error.code == "STALE":
                    raise replaced(self._terms.worker) from None
                log.error("cannot exchange jobs with the server, trying again: %s", error)  # noqa: TRY400 - as in trade
                time.sleep(delay)
                delay = min(delay * 2, 5.0)
        return NOTHING

    def _flow(self, pending: Pending) -> Flow[Exchanged]:
        return exchange(self._connection.keys, self._terms, *pending)
