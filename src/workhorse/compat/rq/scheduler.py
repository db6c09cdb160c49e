"""RQ's process for jobs that are due later. Here any worker looks after them."""

from __future__ import annotations

import logging
import signal
import threading
from enum import Enum
from typing import Any

from workhorse.compat.clients import RQSource, client_of
from workhorse.compat.rq.serializers import chosen
from workhorse.compat.rq.utils import parse_names

log = logging.getLogger("rq.scheduler")


class SchedulerStatus(str, Enum):  # noqa: UP042 - as text, StrEnum is its value
    """How far a scheduler is."""

    STARTED = "started"
    WORKING = "working"
    STOPPED = "stopped"


class RQScheduler:
    """Does nothing, for there is nothing to do; whoever starts one may go on doing so."""

    Status = SchedulerStatus

    def __init__(
        self,
        queues: Any,
        connection: object,
        interval: int = 1,
        logging_level: int | str = logging.INFO,
        date_format: str = "%H:%M:%S",
        log_format: str = "%(asctime)s %(message)s",
        serializer: object = None,
        name: str | None = None,
    ) -> None:
        del logging_level, date_format, log_format
        self._source = RQSource(connection, chosen(serializer))
        self._queue_names = set(parse_names(queues))
        self._over = threading.Event()
        self._status = SchedulerStatus.STOPPED
        self.interval = interval
        self.name = name or "workhorse"

    @property
    def connection(self) -> Any:
        """The program's redis client."""
        return client_of(self._source)

    @property
    def status(self) -> SchedulerStatus:
        """How far it is."""
        return self._status

    @property
    def acquired_locks(self) -> set[str]:
        """None: nothing is locked."""
        return set()

    def acquire_locks(self, auto_start: bool = False) -> set[str]:
        """Nothing is locked; the names of its queues."""
        return self._queue_names

    def enqueue_scheduled_jobs(self) -> None:
        """Do nothing: workers enqueue what is due."""

    def heartbeat(self) -> None:
        """Do nothing."""

    def release_locks(self) -> None:
        """Do nothing."""

    def start(self) -> None:
        """Do nothing: there is no process to start."""
        self._status = SchedulerStatus.STARTED

    def stop(self) -> None:
        """End `work`."""
        self._status = SchedulerStatus.STOPPED
        self._over.set()

    def request_stop(self, signum: int | None = None, frame: object = None) -> None:
        """End `work`."""
        del signum, frame
        self.stop()

    def work(self) -> None:
        """Wait until somebody stops it: programs that watch over it see it run."""
        log.info("workers enqueue what is due; this process has nothing to do, and can go")
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self.request_stop)
        self._status = SchedulerStatus.WORKING
        self._over.wait()


def run(scheduler: RQScheduler) -> None:
    """Let it work."""
    scheduler.work()


__all__ = ["RQScheduler", "SchedulerStatus", "run"]
