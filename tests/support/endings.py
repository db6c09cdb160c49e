"""Callbacks that tests give to jobs; each notes that it was called, in the file of their `meta`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.jobs import append, async_nap
from workhorse.connection import Connection
from workhorse.job import Job, get_current_job

seen: ContextVar[str] = ContextVar("seen", default="")


def noted(path: Path) -> list[dict[str, Any]]:
    """What callbacks have noted so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def note(job: Job, kind: str, **more: Any) -> None:
    current = get_current_job()
    told = {"kind": kind, "job": job.id, "current": current.id if current else None, **more}
    append(job.meta["notes"], json.dumps(told))


# The function


def leave_word(word: str) -> str:
    seen.set(word)
    return word


def give_what_cannot_be_stored() -> Any:
    return threading.Lock()


def fall_once(path: str) -> str:
    """Fail at the first run only."""
    if Path(path).exists():
        return "second"
    Path(path).touch()
    raise ValueError("first")


# Success


def succeed(job: Job, connection: Connection, result: Any) -> None:
    same = connection.namespace == job.connection.namespace
    note(job, "success", result=result, seen=seen.get(), same=same, pid=os.getpid())


async def succeed_later(job: Job, connection: Connection, result: Any) -> None:
    await async_nap(0.01)
    succeed(job, connection, result)


def spoil(job: Job, connection: Connection, result: Any) -> None:
    succeed(job, connection, result)
    raise KeyError("spoilt")


def hang(job: Job, connection: Connection, result: Any) -> None:
    note(job, "hangs")
    threading.Event().wait(60)


async def hang_later(job: Job, connection: Connection, result: Any) -> None:
    note(job, "hangs")
    await async_nap(60)


def hang_stubbornly(job: Job, connection: Connection, result: Any) -> None:
    note(job, "hangs")
    while True:
        with contextlib.suppress(BaseException):  # nothing ends it
            threading.Event().wait(60)


def wait_for_go(job: Job, connection: Connection, result: Any) -> None:
    note(job, "waits")
    Path(job.meta["notes"] + ".go").touch()
    while not Path(job.meta["notes"] + ".went").exists():
        threading.Event().wait(0.01)
    note(job, "went")


def die(job: Job, connection: Connection, result: Any) -> None:
    note(job, "dies")
    os.kill(os.getpid(), signal.SIGKILL)


# Failure


def fail(
    job: Job,
    connection: Connection,
    type: type[BaseException],  # noqa: A002 - RQ's name
    value: BaseException,
    traceback: TracebackType | None,
) -> None:
    lines = traceback is not None
    note(job, "failure", type=type.__name__, value=str(value)[:300], traced=lines, pid=os.getpid())


async def fail_later(job: Job, connection: Connection, *error: Any) -> None:
    await async_nap(0.01)
    fail(job, connection, *error)


def fail_badly(job: Job, connection: Connection, *error: Any) -> None:
    fail(job, connection, *error)
    raise KeyError("in the callback")


def fail_and_hang(job: Job, connection: Connection, *error: Any) -> None:
    fail(job, connection, *error)
    hang_stubbornly(job, connection, None)


# Stopped


def stopped(job: Job, connection: Connection) -> None:
    note(job, "stopped", status=job.get_status())
