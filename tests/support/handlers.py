"""Handlers for the tests: each writes what it was told, a line of JSON, into the job's folder.

The folder is the job's meta `folder`.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.jobs import nap
from workhorse.job import Job, get_current_job

Words = tuple[type[BaseException], BaseException, TracebackType | None]


def _write(job: Job, name: str, *told: Any) -> None:
    file = Path(job.meta["folder"]) / "handled"
    with file.open("a", encoding="ascii") as lines:
        lines.write(json.dumps([name, *told]) + "\n")


def told(folder: Path) -> list[list[Any]]:
    """What handlers have written so far."""
    file = folder / "handled"
    return (
        [json.loads(line) for line in file.read_text("ascii").split("\n")[:-1]]
        if file.exists()
        else []
    )


def first(job: Job, kind: type[BaseException], error: BaseException, trace: TracebackType) -> None:
    current = get_current_job()
    same = current is not None and current.id == job.id
    line = trace.tb_frame.f_code.co_name
    _write(job, "first", job.id, kind.__name__, str(error), same, bool(line), os.getpid())


def second(job: Job, *_words: Any) -> bool:
    _write(job, "second")
    return True


def last(job: Job, *_words: Any) -> bool:
    _write(job, "last")
    return False


def broken(job: Job, *_words: Any) -> None:
    _write(job, "broken")
    raise RuntimeError("the handler itself fails")


def dies(job: Job, *_words: Any) -> None:
    _write(job, "dies")
    os.kill(os.getpid(), signal.SIGSEGV)


def slow(job: Job, *_words: Any) -> None:
    _write(job, "slow begins")
    nap(1.6)
    _write(job, "slow")


def killed(job: Job, pid: int, status: int | None, usage: Any) -> None:
    seconds = None if usage is None else usage.ru_utime >= 0 and usage.ru_maxrss > 1000
    _write(job, "killed", job.id, pid, status, seconds, os.getpid())


def killed_badly(job: Job, *_words: Any) -> None:
    _write(job, "killed badly")
    raise RuntimeError("the handler for killed horses fails")


def kills(job: Job, *_words: Any) -> None:
    _write(job, "kills")
    os.kill(os.getpid(), signal.SIGKILL)


def killed_when_told(job: Job, *_words: Any) -> None:
    _write(job, "waits")
    while not (Path(job.meta["folder"]) / "go").exists():
        nap(0.01)
    _write(job, "went")


async def asynchronous(*_words: Any) -> None:
    """No handler can be one."""
