"""`WorkerPool`: several workers, each a process of its own, started again when they die.

The pool is one process and one thread. It runs no jobs, asks the server nothing, and imports none
of the user's code. Workers are held by a tether each: when the pool dies, however that happens,
they stop and return what runs to its queues.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from workhorse.exceptions import DuplicateWorkerError, WorkhorseError
from workhorse.worker.facade import Worker
from workhorse.worker.identity import default_name
from workhorse.worker.pooled import Told, message
from workhorse.worker.posts import Post
from workhorse.worker.tether import FINISH, STOP

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.worker.facade import Queues

log = logging.getLogger("workhorse.pool")

DEBOUNCE: Final = 0.3
"""A second signal within this time is the first one's echo, seconds."""


class WorkerPool:
    """Several workers on the same queues.

    Promises: there are `num_workers` of them until the pool is told to stop, whatever becomes of
    any; none outlives the pool. SIGINT or SIGTERM once: all finish what runs, then end; twice: all
    kill what runs and return it.
    """

    def __init__(  # noqa: PLR0913 - RQ's parameters, in RQ's order
        self,
        queues: Queues,
        connection: object = None,
        num_workers: int = 1,
        worker_class: type[Worker] = Worker,
        serializer: object = None,
        job_class: object = None,
        queue_class: object = None,
        exception_handlers: object = None,
        *,
        name: str | None = None,
        **options: Any,  # noqa: ANN401 - those of Worker
    ) -> None:
        """Make a pool; it does nothing before `start`.

        Args:
            queues: One or more queues or names; earlier ones come first.
            connection: As for `Worker`.
            num_workers: How many workers.
            worker_class: `Worker`, `SpawnWorker` or `SimpleWorker`.
            serializer: As for `Queue`.
            job_class: RQ's; as for `Worker`.
            queue_class: RQ's; as for `Worker`.
            exception_handlers: As for `Worker`.
            name: The workers are called `<name>.1`, `<name>.2`, ...; default: host, pid and chance.
            options: Whatever else `Worker` takes.

        Raises:
            ValueError: An option is out of its range; the text says what is in it.
        """
        if num_workers < 1:
            raise ValueError(f"num_workers is {num_workers}; it must be at least 1")
        if worker_class.work is not Worker.work:
            raise ValueError(
                f"{worker_class.__name__} works in a way of its own, and the workers of a pool are "
                f"processes that do not import it; start each from a program"
            )
        self.name = name or default_name()
        self.num_workers = num_workers
        known = {
            "serializer": serializer,
            "job_class": job_class,
            "queue_class": queue_class,
            "exception_handlers": exception_handlers,
        }
        options |= {key: value for key, value in known.items() if value is not None}
        self._model = worker_class(queues, self.name, connection=connection, **options)
        self._run: _Run | None = None

    @property
    def connection(self) -> Connection:
        """The way to the queues."""
        return self._model.connection

    def queue_names(self) -> list[str]:
        """The names of its queues, in order."""
        return self._model.queue_names()

    def start(
        self,
        burst: bool = False,  # noqa: FBT001, FBT002 - RQ's signature
        logging_level: int | str = "INFO",
        *,
        prepare: Callable[[str], object] | None = None,
        **work: Any,  # noqa: ANN401 - those of Worker.work
    ) -> None:
        """Run the workers until told to stop; or with `burst`, until the queues are empty.

        Args:
            burst: Stop when the queues are empty.
            logging_level: For the logger `workhorse` of each worker, which writes to stderr.
            prepare: Called in each worker with its name, instead of setting up the log; a
                function of a module, or a `partial` of one.
            work: Whatever else `Worker.work` takes: `max_jobs` and `max_idle_time` hold for each
                worker, and one that has run its jobs is followed by another.

        Raises:
            WorkhorseError: No worker can work; it is the error of the first that said so.
            ImportError: Likewise: a module to be preloaded cannot be imported.
        """
        settings = self._model.settings(burst=burst, **work)
        logging.getLogger("workhorse").setLevel(logging_level)
        told = Told(settings, self.connection, prepare or partial(begin_log, logging_level))
        self._run = _Run(told, self.name, self.num_workers)
        try:
            asyncio.run(self._run.work())
        finally:
            self._run = None

    def stop(self) -> None:
        """Tell all workers to finish what runs; the second time: to stop at once. From anywhere."""
        if self._run is not None:
            self._run.tell()

    def __repr__(self) -> str:
        return f"<WorkerPool {self.name}: {self.num_workers} on {', '.join(self.queue_names())}>"


def begin_log(level: int | str, _name: str) -> None:
    """Send a worker's log to stderr."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("workhorse").setLevel(level)


class _Run:
    """A pool at work."""

    def __init__(self, told: Told, name: str, number: int) -> None:
        self._told = told
        self.settings = told.settings
        self._posts = [Post(self, f"{name}.{which}") for which in range(1, number + 1)]
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = 0.0
        self.word = b""
        self._failure: Exception | None = None
        self._is_proven = False

    async def work(self) -> None:
        """Keep the workers going until there is a reason to stop.

        Raises:
            WorkhorseError: What the workers are to be told cannot be sent to them.
        """
        loop = self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._ask)
            loop.add_signal_handler(signal.SIGCHLD, self._look)
        try:
            self.message("")
        except Exception as error:
            raise WorkhorseError(
                f"the pool's settings cannot reach its workers: {error}"
            ) from error
        log.info("pool %s starts %d workers", self._name, len(self._posts))
        try:
            for post in self._posts:
                post.start()
            await self._over.wait()
        finally:
            for post in self._posts:
                post.end()
        log.info("pool %s has stopped", self._name)
        if self._failure is not None:
            raise self._failure

    def tell(self) -> None:
        """`stop`, from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._ask)

    def message(self, name: str) -> bytes:
        """What a worker is told at its start."""
        return message(self._told._replace(settings=self.settings.with_changes(name=name)))

    def proven(self) -> None:
        """A worker works: those that cannot later on are started again."""
        self._is_proven = True

    def failed(self, name: str, error: Exception) -> None:
        """A worker says that it cannot work. If none ever could, none is tried again."""
        if isinstance(error, DuplicateWorkerError) or self._is_proven:
            return
        log.error("worker %s cannot work, so the pool stops: %s", name, error)
        self._failure = self._failure or error
        self._send(FINISH)

    def review(self) -> None:
        """A worker has ended."""
        if all(post.is_done for post in self._posts):
            self._over.set()

    def _ask(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self.word:
            self._asked = now
            log.info("stopping: the workers finish what runs; once more to stop at once")
            self._send(FINISH)
        elif now - self._asked > DEBOUNCE:
            log.warning("stopping at once")
            self._send(STOP)

    def _send(self, word: bytes) -> None:
        self.word = word
        for post in self._posts:
            post.send(word)
        self.review()

    def _look(self) -> None:
        for post in self._posts:
            post.look()
