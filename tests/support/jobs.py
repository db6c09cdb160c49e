"""Functions that tests enqueue. This is the one file of the tests in which sleep is allowed."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import ctypes
import fcntl
import functools
import itertools
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from workhorse.exceptions import JobTimeoutException
from workhorse.job import get_current_job
from workhorse.policies import Retry

IMPORTED_BY = os.getppid()
"""The parent of the process that imported this module first, and its heirs."""

# Well-behaved ones


def give(value: Any = None) -> Any:
    return value


def add(a: float, b: float, *, times: float = 1) -> float:
    return (a + b) * times


def fall(text: str = "on purpose") -> None:
    raise ValueError(text)


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


async def async_add(a: float, b: float) -> float:
    await asyncio.sleep(0)
    return a + b


async def async_nap(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


class Account:
    """A class whose methods are jobs."""

    def __init__(self, balance: int = 0) -> None:
        self.balance = balance

    def __call__(self, amount: int) -> int:
        return self.balance + 2 * amount

    def deposit(self, amount: int) -> int:
        return self.balance + amount

    @staticmethod
    def fee(amount: int) -> int:
        return amount // 10

    @classmethod
    def bank(cls) -> str:
        return cls.__name__


# About themselves


def who_am_i() -> list[Any]:
    job = get_current_job()
    assert job is not None
    return [job.id, job.origin, job.is_started]


def note_progress(step: int) -> int:
    job = get_current_job()
    assert job is not None
    job.meta["step"] = step
    job.save_meta()
    return step


def pid() -> int:
    return os.getpid()


def surroundings() -> list[Any]:
    """What a job might have spoiled for the next one."""
    mask = os.umask(0o22)
    os.umask(mask)
    ours = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    return [
        str(Path.cwd()),
        mask,
        sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        [getattr(handler, "__qualname__", str(handler)) for handler in ours],
        signal.getsignal(signal.SIGALRM) not in (signal.SIG_IGN, signal.SIG_DFL),
    ]


def imported_by() -> int:
    return IMPORTED_BY


def is_preloaded() -> bool:
    """Whether this module was imported in the stable, and not first in this horse."""
    return os.getppid() != IMPORTED_BY


def has_loaded(module: str) -> bool:
    """Whether a module was there before this job needed it."""
    return module in sys.modules


# That leave traces


def append(path: str, line: object) -> None:
    """Write a line that survives the process; lines of several processes do not mix."""
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(out, f"{line}\n".encode())
    os.close(out)  # the kernel has it: to wait for the disk would be for machines that die


def book(path: str, number: int, seconds: float = 0.005) -> int:
    time.sleep(seconds)
    append(path, number)
    return number


async def book_later(path: str, number: int, seconds: float = 0.005) -> int:
    """The same as a coroutine."""
    await asyncio.sleep(seconds)
    return book(path, number, 0)


def hold_one(folder: str, most: int, number: int, seconds: float) -> None:
    """Take one of so many locks, which the kernel frees if this process dies, for a while."""
    for name in range(most):
        lock = os.open(f"{folder}/lock{name}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            time.sleep(seconds)
            append(f"{folder}/ledger", number)
            return
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
    append(f"{folder}/ledger", f"{number} was one too many")


def book_when_told(folder: str, line: object = "ran") -> object:
    """Make `<folder>/begun`, wait for `<folder>/go`, and write a line into `<folder>/ledger`."""
    append(f"{folder}/begun", os.getpid())
    while not Path(folder, "go").exists():
        time.sleep(0.005)
    append(f"{folder}/ledger", line)
    return line


def fail_until(path: str, runs: int) -> int:
    """Fail until the run of that number."""
    append(path, "run")
    done = Path(path).read_text("ascii").count("run")
    if done < runs:
        raise ConnectionError(f"run {done} of {runs}")
    return done


def fail_as(path: str, module: str, name: str) -> None:
    append(path, "run")
    raise getattr(sys.modules[module], name)


def ask_for_retry(path: str, runs: int, most: int = 5) -> Any:
    append(path, "run")
    done = Path(path).read_text("ascii").count("run")
    return done if done >= runs else Retry(max=most)


# That overstay


def swallow_exceptions(seconds: float) -> str:
    """A job of the careless kind: its timeout must reach the outside all the same."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            time.sleep(0.01)
    return "swallowed"


def say_what_came(path: str, seconds: float) -> None:
    try:
        time.sleep(seconds)
    except BaseException as error:
        append(path, f"{type(error).__name__}: {error}")
        raise


def clean_up_after_timeout(path: str) -> str:
    try:
        time.sleep(30)
    except JobTimeoutException:
        append(path, "cleaned up")
    return "went on"


# Poison


def segfault() -> None:
    ctypes.string_at(0)


def exit_hard(status: int) -> None:
    os._exit(status)


def exit_softly(status: int) -> None:
    sys.exit(status)


def interrupt() -> None:
    raise KeyboardInterrupt


def kill_itself(number: int = 9) -> None:
    os.kill(os.getpid(), number)
    time.sleep(30)


def kill_its_parent() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(30)


def devour(mebibytes: int) -> int:
    eaten = []
    for _ in range(mebibytes):
        eaten.append(bytearray(os.urandom(1024) * 1024))
        time.sleep(0.001)
    time.sleep(30)
    return len(eaten)


def hang() -> None:
    while True:
        pass


def hang_in_regex() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


def hang_with_gil() -> None:
    sum(itertools.repeat(0))  # a loop in C, which looks to no signal


def hang_masked() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    while True:
        time.sleep(0.1)


def hang_swallowing() -> None:
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(0.1)


async def async_hang() -> None:
    time.sleep(60)  # noqa: ASYNC251 - that is the poison


async def async_swallow() -> None:
    while True:
        with contextlib.suppress(BaseException):
            await asyncio.sleep(0.1)


def return_lock() -> Any:
    return socket.socket


def return_unreadable() -> Any:
    class Unreadable:
        def __reduce__(self) -> Any:
            raise RuntimeError("not to be read")

        def __repr__(self) -> str:
            raise RuntimeError("not to be shown")

    return [Unreadable()]


class Unpicklable(Exception):  # noqa: N818 - says what it is
    """An exception that does not survive pickling."""

    def __init__(self, one: object, two: object) -> None:
        super().__init__(f"{one} without {two}")
        self.lock = socket.socket

    def __reduce__(self) -> Any:
        raise TypeError("not me")


def raise_unpicklable() -> None:
    raise Unpicklable(1, 2)


class Speechless(Exception):  # noqa: N818 - says what it is
    """An exception that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def raise_speechless() -> None:
    raise Speechless


def return_much(mebibytes: int) -> bytes:
    return os.urandom(1024 * 1024) * mebibytes


def raise_much(mebibytes: int) -> None:
    raise ValueError("é" * (mebibytes * 512 * 1024))


def close_everything() -> None:
    os.closerange(3, 256)


def scribble_everywhere() -> None:
    for fd in range(3, 64):
        with contextlib.suppress(OSError):
            os.set_blocking(fd, False)
            os.write(fd, b"garbage" * 10)


def report_nonsense() -> None:
    """Write what looks like a report of another job to every descriptor."""
    for fd in range(3, 64):
        with contextlib.suppress(OSError):
            os.set_blocking(fd, False)
            os.write(fd, b"wF" + b"\x00" * 40)


def leave_grandchild(path: str, *, then_hang: bool) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    append(path, child.pid)
    if then_hang:
        hang()


def return_twice() -> int:
    """A fork whose child runs on as if it were the horse."""
    os.fork()
    return os.getpid()


def recurse() -> None:
    recurse()


def recurse_in_c() -> None:
    sys.setrecursionlimit(10**7)
    value: Any = []
    for _ in range(10**6):
        value = [value]
    repr(value)


def run_out_of_memory() -> None:
    limit = 2**30
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        bytearray(2 * limit)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def flood(mebibytes: int) -> int:
    for _ in range(mebibytes):
        print("x" * (1024 * 1024 - 1))  # noqa: T201 - that is the poison
    return mebibytes


def spoil_surroundings() -> None:
    os.chdir("/")
    os.umask(0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGUSR1])


def set_alarm() -> None:
    """An alarm of its own, which rings long after the job."""
    signal.setitimer(signal.ITIMER_REAL, 0.2)


def ignore_children() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


# Many at a time

VALUE: contextvars.ContextVar[str] = contextvars.ContextVar("value", default="")
_inside: set[int] = set()
_comers = itertools.count()


def _come(number: int) -> list[int]:
    _inside.add(number)
    return [os.getpid(), len(_inside), next(_comers)]


async def async_crowd(number: int, seconds: float) -> list[int]:
    """This process, how many were in here when this job came, and how many had come before."""
    came = _come(number)
    await asyncio.sleep(seconds)
    _inside.discard(number)
    return came


def crowd(number: int, seconds: float) -> list[int]:
    """The same on a thread."""
    came = _come(number)
    time.sleep(seconds)
    _inside.discard(number)
    return came


async def async_book(path: str, line: object, seconds: float = 0.0) -> object:
    append(path, line)
    await asyncio.sleep(seconds)
    return line


def book_first(path: str, line: object, seconds: float = 0.0) -> object:
    append(path, line)
    time.sleep(seconds)
    return line


async def async_book_when_told(folder: str, line: object = "ran") -> object:
    """Like `book_when_told`."""
    append(f"{folder}/begun", line)
    go = f"{folder}/go"
    while not os.path.exists(go):  # noqa: ASYNC110, ASYNC240, PTH110 - it is told from outside
        await asyncio.sleep(0.005)
    append(f"{folder}/ledger", line)
    return line


async def async_call(name: str, *args: Any, after: float = 0.1) -> Any:
    """Call a function of this module, some time later."""
    await asyncio.sleep(after)
    return getattr(sys.modules[__name__], name)(*args)


async def async_call_in_child(name: str, *args: Any, after: float = 0.1) -> Any:
    """The same in a task that this one waits for, as `asyncio.wait_for` makes them."""
    return (await asyncio.gather(async_call(name, *args, after=after)))[0]


def call_later(name: str, *args: Any, after: float = 0.1) -> Any:
    """The same in a plain function."""
    time.sleep(after)
    return getattr(sys.modules[__name__], name)(*args)


async def async_who_am_i(seconds: float) -> list[Any]:
    """What it is, before and after others have run; and what it is in a task of its own."""
    before = who_am_i()
    job = get_current_job()
    assert job is not None
    job.meta["mine"] = job.id
    job.save_meta()
    await asyncio.sleep(seconds)
    child = asyncio.create_task(asyncio.to_thread(who_am_i))
    return [before[0], who_am_i()[0], (await child)[0]]


async def async_context(value: str) -> list[str]:
    """What a context variable was found to be, and what it is after it was set."""
    found = VALUE.get()
    VALUE.set(value)
    await asyncio.sleep(0.02)
    return [found, VALUE.get()]


def context(value: str) -> list[str]:
    found = VALUE.get()
    VALUE.set(value)
    time.sleep(0.001)
    return [found, VALUE.get()]


def set_and_call(function: Any) -> Any:
    """A decorator that sets a context variable and hands on the coroutine."""

    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        VALUE.set("decorated")
        return function(*args)

    return wrapper


@set_and_call
async def decorated_context(_value: str) -> str:
    await asyncio.sleep(0.01)
    return VALUE.get()


partial_add = functools.partial(async_add, 1)


def run_a_loop(value: Any) -> Any:
    return asyncio.run(async_give(value))


async def async_give(value: Any = None) -> Any:
    return value


async def async_swallow_and_return(seconds: float) -> str:
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        await asyncio.sleep(seconds)
    return "went on"


async def async_exit() -> None:
    await asyncio.gather(async_call("exit_softly", 3))


async def async_leave_running(path: str) -> None:
    """Leave a task behind that writes a line whenever the loop has turned for a while."""

    async def scribble() -> None:
        while True:
            append(path, "still here")
            await asyncio.sleep(0.02)

    globals()["_kept"] = asyncio.create_task(scribble())


async def async_leave_waiting() -> None:
    """Leave a task behind that waits for ever, as the reader of a connection does."""
    globals()["_waiting"] = asyncio.create_task(asyncio.Event().wait())


async def async_stop_the_loop(seconds: float) -> float:
    """Stop the event loop, which is not the job's alone."""
    asyncio.get_running_loop().stop()
    return await async_nap(seconds)


async def async_fork(path: str) -> int:
    """A fork whose child runs on as if it were the horse."""
    os.fork()
    await asyncio.sleep(0.05)
    append(path, os.getpid())
    return os.getpid()


def threads_fork(path: str) -> int:
    os.fork()
    append(path, os.getpid())
    return os.getpid()


async def async_program(text: str) -> str:
    """What a program says that is run from the loop."""
    program = await asyncio.create_subprocess_exec("echo", text, stdout=asyncio.subprocess.PIPE)
    said, _ = await program.communicate()
    return f"{said.decode().strip()} {program.returncode}"


def size_of(value: bytes) -> int:
    return len(value)


async def async_size_of(value: bytes) -> int:
    await asyncio.sleep(0.01)
    return len(value)


async def async_return_much(mebibytes: int) -> bytes:
    return os.urandom(1024 * 1024) * mebibytes


async def async_call_back(name: str, *args: Any) -> None:
    """Call a function of this module from a callback, which is no step of any task."""
    loop = asyncio.get_running_loop()
    loop.call_later(0.1, getattr(sys.modules[__name__], name), *args)
    await asyncio.sleep(30)


async def async_call_back_early(name: str, *args: Any) -> None:
    """Like `async_call_back`, but before the horse can say that this has begun."""
    loop = asyncio.get_running_loop()
    loop.call_later(0.001, getattr(sys.modules[__name__], name), *args)
    time.sleep(0.005)  # noqa: ASYNC251 - until that is due
    await asyncio.sleep(30)


async def async_close_reports() -> None:
    """Close everything that is a socket, and go on."""
    await asyncio.sleep(0.1)
    for fd in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.close(fd)
    await asyncio.sleep(0.1)


async def async_devour(mebibytes: int) -> int:
    """Take much memory by and by."""
    eaten = []
    for _ in range(mebibytes):
        eaten.append(bytearray(os.urandom(1024) * 1024))
        await asyncio.sleep(0.001)
    await asyncio.sleep(30)
    return len(eaten)


async def async_nonsense() -> None:
    await asyncio.sleep(0.1)
    report_nonsense()
    await asyncio.sleep(30)


async def async_block_and_nap(path: str, blocked: float, seconds: float) -> None:
    """Hold up the loop for a moment, and then be silent."""
    await asyncio.sleep(0.05)
    append(path, "blocks")
    time.sleep(blocked)  # noqa: ASYNC251 - that is what it is for
    await asyncio.sleep(seconds)


_left: list[int] = []


def leave_and_look(number: int) -> list[Any]:
    """What earlier jobs left in this module, this process, what it was started as, its sockets."""
    _left.append(number)
    command = Path("/proc/self/cmdline").read_bytes().decode()
    sockets = sum(link.is_socket() for link in Path("/proc/self/fd").iterdir())
    return [len(_left), os.getpid(), "worker.spawned" in command, sockets]


# That are stopped


def catch_stop_once(seconds: float) -> float:
    with contextlib.suppress(BaseException):
        time.sleep(seconds)
    time.sleep(seconds)
    return seconds


async def async_fail_if_cancelled() -> None:
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        raise ValueError("cancelled") from None


def begin(folder: str, name: str, *args: Any) -> Any:
    """Make `<folder>/begun`, and call a function of this module."""
    append(f"{folder}/begun", os.getpid())
    return getattr(sys.modules[__name__], name)(*args)


async def async_begin(folder: str, name: str, *args: Any) -> Any:
    """The same as a coroutine, for functions and coroutines."""
    value = begin(folder, name, *args)
    return await value if asyncio.iscoroutine(value) else value
