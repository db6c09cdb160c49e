"""`WorkerPool`: several workers, each a process of its own, started again when they die.

The pool is one process and one thread. It runs no jobs, asks the server nothing, and imports none
of the user's code. Workers are held by a tether each: when the pool dies, however that happens,
they stop and return what runs to its queues.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import marshal
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from workhorse.exceptions import DuplicateWorkerError, WorkhorseError
from workhorse.worker.facade import Worker
from workhorse.worker.identity import default_name
from workhorse.worker.pooled import Told, message
from workhorse.worker.tether import FAILED, FINISH, HEARD, READY, STOP

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.worker.facade import Queues
    from workhorse.worker.settings import Settings

log = logging.getLogger("workhorse.pool")

DEBOUNCE: Final = 0.3
"""A second signal within this time is the first one's echo, seconds."""
STEADY: Final = 10.0
"""A worker that has lived so long did not die of its start, seconds."""
LONGEST_WAIT: Final = 30.0
"""How long to wait at most before a worker is started again, seconds."""
PATIENCE: Final = 30.0
"""How long a worker may take to hear what it is to do, seconds; it needs a tenth of one."""
LINGERS: Final = 0.05
"""How soon to look again for one that has let go and not ended, seconds."""
REPEAT: Final = 0.5
"""How often a worker that hears signals only is told again to stop at once, seconds."""

_BOOT = (
    "import marshal, sys; sys.path[:] = marshal.loads(bytes.fromhex(sys.argv.pop())); "
    "from workhorse.worker.pooled import main; main()"
)


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
        self._places = [_Place(self, f"{name}.{which}") for which in range(1, number + 1)]
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
        log.info("pool %s starts %d workers", self._name, len(self._places))
        try:
            for place in self._places:
                place.start()
            await self._over.wait()
        finally:
            for place in self._places:
                place.end()
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
        if all(place.is_done for place in self._places):
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
        for place in self._places:
            place.send(word)
        self.review()

    def _look(self) -> None:
        for place in self._places:
            place.look()


class _Place:
    """One worker after the other, of one name.

    Attributes:
        is_done: Whether no other will follow.
    """

    def __init__(self, run: _Run, name: str) -> None:
        self._run = run
        self.name = name
        self.is_done = False
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._said = b""
        self._began = 0.0
        self._deaths = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start a worker."""
        self._timer = None
        loop = asyncio.get_running_loop()
        self._said, self._began = b"", loop.time()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _launch(theirs, self._run.settings)
        except OSError as error:
            ours.close()
            log.warning("worker %s cannot be started: %s", self.name, error)
            self._again()
            return
        with contextlib.suppress(OSError):  # it has died, which is seen below
            ours.settimeout(PATIENCE)
            ours.sendall(self._run.message(self.name))
        ours.setblocking(False)
        self._end = ours
        loop.add_reader(ours, self._hear)

    def send(self, word: bytes) -> None:
        """Tell the worker to stop, in one way or the other."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.is_done = True
        if self._end is None or self._process is None:
            return
        if self._run.settings.isolation != "inline":
            with contextlib.suppress(OSError):
                self._end.send(word)
        elif self._process.poll() is None:
            self._process.terminate()
            if word == STOP:
                asyncio.get_running_loop().call_later(REPEAT, self.send, word)

    def look(self) -> None:
        """See whether the worker has ended."""
        if self._process is None:
            return
        if self._process.poll() is None:
            if self._end is None:
                asyncio.get_running_loop().call_later(LINGERS, self.look)
            return
        while self._end is not None:
            self._hear()  # its last words
        status, self._process = self._process.returncode, None
        settings = self._run.settings
        wanted = status == 0 and (settings.burst or settings.max_idle_time is not None)
        if self._run.word or wanted:
            self.is_done = True
            self._run.review()
            return
        if status:
            log.error("worker %s has died: %s", self.name, _cause(status))
        self._again(counts=bool(status))

    def end(self) -> None:
        """Let go of the worker, which ends it; and see to it that it has."""
        self._deafen()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _hear(self) -> None:
        assert self._end is not None  # noqa: S101 - for the type checker
        try:
            words = self._end.recv(HEARD)
        except BlockingIOError:
            if self._process is None or self._process.poll() is not None:
                self._deafen()
            return
        except OSError:
            words = b""
        if words:
            self._said += words
            if self._said.startswith(READY):
                self._run.proven()
            return
        self._deafen()
        if FAILED in self._said[:2]:
            self._fail(self._said.partition(FAILED)[2])
        asyncio.get_running_loop().call_soon(self.look)

    def _fail(self, pickled: bytes) -> None:
        try:
            error = pickle.loads(pickled)  # noqa: S301 - from our own worker, which runs no user code
        except Exception:  # noqa: BLE001 - it died in the middle of a word
            return
        if isinstance(error, WorkhorseError | ImportError):
            self._run.failed(self.name, error)

    def _deafen(self) -> None:
        if self._end is not None:
            asyncio.get_running_loop().remove_reader(self._end)
            self._end.close()
            self._end = None

    def _again(self, *, counts: bool = True) -> None:
        """Start another one: at once if the last has lived, else after a pause that grows."""
        loop = asyncio.get_running_loop()
        lived = loop.time() - self._began
        self._deaths = self._deaths + 1 if counts and lived < STEADY else 0
        delay = 0.0 if self._deaths < 2 else min(LONGEST_WAIT, 0.25 * 2**self._deaths)  # noqa: PLR2004 - the first death is an accident
        self._timer = loop.call_later(delay * random.uniform(0.75, 1.0), self.start)


def _launch(end: socket.socket, settings: Settings) -> subprocess.Popen[bytes]:
    folders = marshal.dumps([*settings.path, *map(os.fspath, sys.path)])
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-c", _BOOT, str(end.fileno()), str(os.getpid()), folders.hex()],
        pass_fds=[end.fileno()],
        stdin=subprocess.DEVNULL,
        # Ctrl+C is for the pool, which passes it on once; not for all at the terminal.
        start_new_session=True,
    )


def _cause(status: int) -> str:
    from workhorse.worker.kernel import signal_name  # noqa: PLC0415 - only where one dies

    return f"signal {signal_name(-status)}" if status < 0 else f"status {status}"
