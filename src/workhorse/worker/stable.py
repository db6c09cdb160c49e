"""The stable: imports the user's modules once and forks horses on request.

A process of its own, started as a fresh interpreter, so that it has no threads, no
connection and none of the supervisor's state. It speaks with the supervisor over one socket
pair, in JSON; horses get their ends of the hand-off as descriptors beside a `fork` message.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import marshal
import os
import pickle
import select
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from functools import partial
from typing import Any

from workhorse.connection import Connection
from workhorse.envelopes import Arguments, Bearer, codec_for, seal_call
from workhorse.sources import Source
from workhorse.worker.execution import Kit, execute
from workhorse.worker.handoff import KIND, HandedJob, read_job, report_message
from workhorse.worker.horse import horse
from workhorse.worker.kernel import die_with_parent, kill_group
from workhorse.worker.marks import Marks
from workhorse.worker.settings import Settings

RECEIVE = 200_000
"""The largest message between supervisor and stable, bytes."""
LONGEST_TEXT = 20_000
"""How much of a traceback is passed on, characters; JSON may need six bytes for each."""
PRACTICE = 40
"""How often the stable runs a job of its own before the first horse is forked."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the supervisor tells its stable at the start.

    Attributes:
        endpoint: What `connect` takes, for jobs that ask for a connection; None: the default.
        once: Whether a horse runs one job only.
        concurrency: How many jobs a horse runs at a time of those that can.
        threads: Whether all can.
    """

    namespace: str
    endpoint: object
    path: tuple[str, ...]
    preload: tuple[str, ...]
    serializer: object
    allow: tuple[str, ...]
    allow_classes: tuple[str, ...]
    once: bool
    concurrency: int = 1
    threads: bool = False

    @classmethod
    def of(cls, settings: Settings, connection: Connection) -> Orders:
        """The orders that follow from a worker's settings."""
        return cls(
            namespace=connection.namespace,
            endpoint=connection.endpoint,
            path=settings.path,
            preload=settings.preload,
            serializer=settings.serializer,
            allow=settings.allow,
            allow_classes=settings.allow_classes,
            once=settings.isolation == "fork",
            concurrency=settings.lanes,
            threads=settings.isolation == "thread",
        )


def kit_for(orders: Orders) -> Kit:
    """What runs under these orders need; nothing is opened yet."""
    connection = Connection(orders.endpoint, orders.namespace)
    source = Source(connection, codec_for(orders.serializer, orders.allow_classes))
    return Kit(source, orders.allow, concurrency=orders.concurrency, threads=orders.threads)


def practise(kit: Kit) -> None:
    """Run a job that does nothing, often enough for the interpreter to have adapted to it.

    Python rewrites code as it learns how it is used. What is learned here no horse has to
    learn again, on pages of its own: a fork for each job is cheaper by a fifth.
    """
    name, bearer = "operator.truth", Bearer(kit.namespace, "", "practice")
    data = seal_call(kit.codec, bearer, name, {}, Arguments((1,), {}))
    own = Kit(kit.source)
    for _ in range(PRACTICE):
        job = HandedJob(bearer.job_id, "", "", 1, {b"func": name.encode(), b"data": data})
        report_message(job.id, execute(read_job(marshal.dumps(tuple(job))), own))


class Stable:
    """The process's one loop."""

    def __init__(
        self, control: socket.socket, orders: Orders, supervisor: int, marks: Marks
    ) -> None:
        self._control = control
        self._orders = orders
        self._supervisor = supervisor
        self._marks = marks
        self._kit = kit_for(orders)
        self._numbers: dict[int, int] = {}

    def run(self) -> None:
        """Serve until the supervisor closes its end."""
        self._import(self._orders.preload)
        practise(self._kit)
        gc.collect()
        gc.freeze()
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        try:
            self._tell("ready")
            self._serve(woken)
        finally:
            signal.set_wakeup_fd(-1)

    def _serve(self, woken: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([self._control, woken], [], [])
            if woken in ready:
                woken.recv(4096)
                self._reap()
            if self._control in ready and not self._obey():
                return

    def _obey(self) -> bool:
        raw, fds, _, _ = socket.recv_fds(self._control, RECEIVE, 2)
        if not raw:
            return False
        order = json.loads(raw)
        if order["do"] == "fork":
            self._fork(order["number"], order["place"], fds)
        else:
            self._import(order["modules"])
            gc.freeze()
        return True

    def _fork(self, number: int, place: int, fds: list[int]) -> None:
        # Told what they are, they need not ask.
        jobs, reports = (socket.socket(socket.AF_UNIX, KIND, 0, fileno=fd) for fd in fds)
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            # Short of memory or of processes: those that run must not suffer for it.
            jobs.close()
            reports.close()
            self._tell("forked", number=number, pid=0, why=str(error))
            return
        if pid == 0:
            self._control.close()
            write = partial(self._marks.write, place)
            horse(jobs, reports, self._kit, parent=parent, once=self._orders.once, place=write)
        jobs.close()
        reports.close()
        self._numbers[pid] = number
        self._tell("forked", number=number, pid=pid, why="")

    def _import(self, modules: tuple[str, ...]) -> None:
        for name in modules:
            try:
                importlib.import_module(name)
            except BaseException:  # noqa: BLE001 - user modules may raise anything
                text = traceback.format_exc(limit=-3)[-LONGEST_TEXT:]
                self._tell("unimportable", module=name, text=text)

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            number = self._numbers.pop(ended.si_pid, None)
            if number is not None and ended.si_status != 0:
                # Before the pid is free again: what the horse had started goes with it.
                kill_group(ended.si_pid)
            _, status, usage = os.wait4(ended.si_pid, 0)
            if number is not None:
                self._tell("ended", number=number, status=status, peak=usage.ru_maxrss)

    def _tell(self, what: str, **facts: Any) -> None:  # noqa: ANN401 - JSON values
        self._control.send(json.dumps({"what": what, **facts}).encode())


def main() -> None:
    """Be the stable whose control socket and supervisor are given as arguments."""
    control = socket.socket(fileno=int(sys.argv[1]))
    supervisor = int(sys.argv[2])
    marks = Marks(int(sys.argv[3]))
    die_with_parent(supervisor)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What jobs print is wanted when they print it, and must not die with their horse.
        sys.stdout.reconfigure(line_buffering=True)
    # Signals of the terminal and of init systems are the supervisor's to act on.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    raw = control.recv(RECEIVE)
    if not raw:
        return
    orders: Orders = pickle.loads(raw)  # noqa: S301 - from our own supervisor
    try:
        Stable(control, orders, supervisor, marks).run()
    except (BrokenPipeError, ConnectionResetError):
        return
