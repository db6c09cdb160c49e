"""The stable: imports the user's modules once and forks horses on request.

A process of its own, started as a fresh interpreter, so that it has no threads, no
connection and none of the supervisor's state. It speaks with the supervisor over one socket
pair, in JSON; horses get their ends of the hand-off as descriptors beside a `fork` message.
"""

from __future__ import annotations

import _socket
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
import struct
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from workhorse.callables.importing import resolve
from workhorse.envelopes import Arguments, Bearer, codec_for, seal_call
from workhorse.exceptions import NotImportable
from workhorse.sources import Source
from workhorse.worker.execution import Kit
from workhorse.worker.handoff import read_job, report_message
from workhorse.worker.hooks import execute
from workhorse.worker.horse import horse, take_signals
from workhorse.worker.kernel import die_with_parent, kill_group
from workhorse.worker.marks import Marks
from workhorse.worker.orders import ORDER, RECEIVE, Orders
from workhorse.worker.parcels import KIND

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.worker.spawning import Spawner

LONGEST_TEXT = 20_000
"""How much of a traceback is passed on, characters; JSON may need six bytes for each."""
PRACTICE = 40
"""How often the stable runs a job of its own before the first horse is forked."""


_UNIX, _KIND = int(socket.AF_UNIX), int(KIND)
_FDS = struct.Struct("2i")
_TWO_FDS = socket.CMSG_LEN(_FDS.size)
# What is said for each horse is put together by hand; `json` would touch ten pages more.
_FORKED = b'{"what":"forked","number":%d,"pid":%d,"why":""}'
_ENDED = b'{"what":"ended","number":%d,"status":%d,"peak":%d}'


class _Ordered(Source):
    """A source whose connection is imported and made when a job asks for it."""

    __slots__ = ("_orders",)

    def __init__(self, orders: Orders) -> None:
        super().__init__(None, codec_for(orders.serializer, orders.allow_classes))
        self._orders = orders

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            from workhorse.connection import Connection  # noqa: PLC0415 - see above

            endpoint = pickle.loads(self._orders.endpoint)  # noqa: S301 - from our own supervisor
            self._connection = Connection(endpoint, self._orders.namespace)
        return self._connection

    @property
    def namespace(self) -> str:
        return self._orders.namespace


def kit_for(orders: Orders) -> Kit:
    """What runs under these orders need; nothing is opened yet."""
    source = _Ordered(orders)
    kit = Kit(source, orders.allow, concurrency=orders.concurrency, threads=orders.threads)
    kit.handlers, kit.killed = orders.handlers, orders.killed
    return kit


class Drill:
    """A job that does nothing.

    In the stable it is run often enough for the interpreter to have adapted to it: Python rewrites
    code as it learns how it is used, and what is learned here no horse has to learn again, on pages
    of its own. A horse that waits for its one job runs it once: the pages that a job writes to are
    copied then, while another job runs elsewhere, and not when somebody waits for them.
    """

    def __init__(self, kit: Kit) -> None:
        name, bearer = "operator.truth", Bearer(kit.namespace, "", "drill")
        data = seal_call(kit.codec, bearer, name, {}, Arguments((1,), {}))
        fields = {b"func": name.encode(), b"data": data}
        self._kit = Kit(kit.source)
        self._message = marshal.dumps((bearer.job_id, "", "", 1, fields, None))

    def __call__(self) -> None:
        """Run it, in a horse that waits."""
        job = read_job(self._message)
        report_message(job.id, execute(job, self._kit))

    def often(self) -> None:
        """Run it until there is nothing more to learn."""
        for _ in range(PRACTICE):
            self()


def begin_to_log(pickled: bytes) -> None:
    """Let jobs log as the user said; what cannot be done is said, and ends nobody."""
    from workhorse.worker.logs import dictate  # noqa: PLC0415 - only where it is wanted

    try:
        dictate(pickled)
    except Exception:  # noqa: BLE001 - it may name classes of the user's
        traceback.print_exc(limit=-3)


def _spawner(control: socket.socket, orders: Orders, marks: Marks) -> Spawner | None:
    if not orders.fresh:
        return None
    from workhorse.worker.spawning import Spawner  # noqa: PLC0415 - only for it

    control.set_inheritable(False)
    return Spawner(orders, marks.fd)


class Stable:
    """The process's one loop."""

    def __init__(self, control: socket.socket, orders: Orders, marks: Marks) -> None:
        self._control = control
        self._channel = control.fileno()
        self._orders = orders
        self._marks = marks
        self._kit = kit_for(orders)
        self._numbers: dict[int, int] = {}
        self._pid = os.getpid()
        self._spawner = _spawner(control, orders, marks)
        self._drill = Drill(self._kit)

    def run(self) -> None:
        """Serve until the supervisor closes its end."""
        if self._orders.logging is not None:
            begin_to_log(self._orders.logging)
        if self._orders.preload:
            self._import(self._orders.preload)
            gc.collect()
        for name in (*self._orders.handlers, *self._orders.killed):
            self._check(name)
        if self._orders.once and self._spawner is None:
            self._drill.often()
        gc.freeze()
        gc.enable()
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
            wanted: list[Any] = [self._control, woken]
            if self._spawner is not None:
                wanted += self._spawner.starting
            ready, _, _ = select.select(wanted, [], [])
            if self._spawner is not None:
                self._greet(self._spawner, ready)
            if woken in ready:
                woken.recv(4096)
                self._reap()
            if self._control in ready and not self._obey():
                return

    def _obey(self) -> bool:
        # Not `recv_fds`, and no JSON: whatever is touched here is copied for each horse.
        raw, ancillary, _, _ = self._control.recvmsg(ORDER, _TWO_FDS)
        if not raw:
            return False
        if ancillary:
            number, place = map(int, raw.split())
            self._fork(number, place, *_FDS.unpack(ancillary[0][2]))
        elif self._spawner is not None:
            self._spawner.learn(raw.decode())
        else:
            self._learn(raw.decode())
            gc.freeze()
        return True

    def _fork(self, number: int, place: int, jobs: int, reports: int) -> None:
        try:
            if self._spawner is not None:
                self._numbers[self._spawner.start(number, place, jobs, reports)] = number
                return
            pid = os.fork()
        except OSError as error:
            # Short of memory or of processes: those that run must not suffer for it.
            self._tell("forked", number=number, pid=0, why=str(error))
        else:
            if pid == 0:
                self._be_horse(place, jobs, reports)
            self._numbers[pid] = number
            self._control.send(_FORKED % (number, pid))
        finally:
            os.close(jobs)
            os.close(reports)

    def _greet(self, spawner: Spawner, ready: list[Any]) -> None:
        """Tell of interpreters that are ready, or have ended before they were."""
        for fd in [fd for fd in ready if fd in spawner.starting]:
            number, pid = spawner.starting[fd]
            if spawner.hear(fd) is not None:
                self._control.send(_FORKED % (number, pid))
                continue
            spawner.unlearn()
            self._numbers.pop(pid, None)
            self._tell("forked", number=number, pid=0, why="the interpreter died at its start")

    def _be_horse(self, place: int, *fds: int) -> None:
        # The plain C functions: what `socket` makes of this touches sixty pages, each to be copied.
        os.close(self._channel)
        jobs, reports = (_socket.socket(_UNIX, _KIND, 0, fd) for fd in fds)
        write, once = partial(self._marks.write, place), self._orders.once
        drill = self._drill
        horse(jobs, reports, self._kit, parent=self._pid, once=once, drill=drill, place=write)

    def _import(self, modules: tuple[str, ...]) -> None:
        for name in modules:
            try:
                importlib.import_module(name)
            except BaseException:  # noqa: BLE001 - user modules may raise anything
                text = traceback.format_exc(limit=-3)[-LONGEST_TEXT:]
                self._tell("unimportable", module=name, text=text)

    def _check(self, handler: str) -> None:
        try:
            resolve(handler)
        except NotImportable as error:
            self._tell("unimportable", module=handler, text=str(error)[-LONGEST_TEXT:])

    def _learn(self, name: str) -> None:
        """Import and resolve what a job has brought in: a function, or a module."""
        try:
            self._kit.function(name)
        except BaseException:  # noqa: BLE001 - a module; or a function that is not to be found
            self._import((name,))
        self._kit.seen.clear()

    def _reap(self) -> None:
        if self._spawner is not None and self._spawner.starting:
            # What was said before the end comes before it.
            self._greet(self._spawner, select.select([*self._spawner.starting], [], [], 0)[0])
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
            if number is not None and status and self._orders.killed:
                facts = {"status": status, "peak": usage.ru_maxrss, "used": list(usage)}
                self._tell("ended", number=number, **facts)
            elif number is not None:
                self._control.send(_ENDED % (number, status, usage.ru_maxrss))

    def _tell(self, what: str, **facts: Any) -> None:  # noqa: ANN401 - JSON values
        self._control.send(json.dumps({"what": what, **facts}).encode())


def main() -> None:
    """Be the stable whose control socket and supervisor are given as arguments."""
    control = socket.socket(fileno=int(sys.argv[1]))
    supervisor = int(sys.argv[2])
    die_with_parent(supervisor)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What jobs print is wanted when they print it, and must not die with their horse.
        sys.stdout.reconfigure(line_buffering=True)
    take_signals(os.getpid())
    gc.collect()  # while nobody waits for it
    raw, fds, _, _ = socket.recv_fds(control, RECEIVE, 1)
    if not raw:
        return
    orders: Orders = pickle.loads(raw)  # noqa: S301 - from our own supervisor
    try:
        Stable(control, orders, Marks(fds[0])).run()
    except (BrokenPipeError, ConnectionResetError):
        return
