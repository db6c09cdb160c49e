"""What a client tells workers, once for sync and asyncio: who says it, and what names it."""

from __future__ import annotations

import os
import socket
from math import isfinite
from typing import Final

from workhorse.connection import Connection
from workhorse.effects import Flow
from workhorse.envelopes import codec_for
from workhorse.exceptions import InvalidJobOperation
from workhorse.names import check_job_id
from workhorse.ops import commands
from workhorse.ops.inbox import KILL_HORSE, SHUTDOWN, STOP_JOB, Answer, Command

STOP_EXECUTION: Final = "stop-execution"


def tell(way: Connection, worker: str, what: str, timeout: float) -> Flow[Answer]:
    """Have a worker carry out a command that is about no job."""
    told = Command(what, by=_sender())
    _check(timeout)
    codec = codec_for("json")
    return (yield from commands.tell(way.keys, codec, worker, told, _nonce(), timeout))


def stop(
    way: Connection, job_id: str, timeout: float, execution_id: str | None = None
) -> Flow[Answer]:
    """Have a job be stopped, or one execution of it."""
    _check(timeout)
    attempt = None if execution_id is None else _attempt(check_job_id(job_id), execution_id)
    codec, by = codec_for("json"), _sender()
    return (
        yield from commands.stop(
            way.keys,
            codec,
            check_job_id(job_id),
            _nonce(),
            by=by,
            timeout=timeout,
            attempt=attempt,
        )
    )


def named(  # noqa: PLR0913 - the words of RQ's commands
    way: Connection, worker: str, what: str, timeout: float, job_id: str, execution_id: str
) -> Flow[Answer]:
    """Have a worker carry out the command of that name; a job is stopped wherever it runs.

    Raises:
        ValueError: There is no such command, or a word is missing.
    """
    if what in {SHUTDOWN, KILL_HORSE}:
        return (yield from tell(way, worker, what, timeout))
    if what not in {STOP_JOB, STOP_EXECUTION}:
        known = f"{SHUTDOWN}, {KILL_HORSE}, {STOP_JOB}, {STOP_EXECUTION}"
        raise ValueError(f"there is no command {what!r}; there are {known}")
    if not job_id or (what == STOP_EXECUTION and not execution_id):
        needed = "job_id" if what == STOP_JOB else "job_id and execution_id"
        raise ValueError(f"the command {what!r} needs {needed}")
    return (yield from stop(way, job_id, timeout, execution_id or None))


def _attempt(job_id: str, execution_id: str) -> int:
    text = str(execution_id)
    if not (text.isascii() and text.isdecimal()):
        raise InvalidJobOperation(
            f"job {job_id!r} has no execution {text!r}; its executions are numbered from 1"
        )
    return int(text)


def _check(timeout: float) -> None:
    if not (isfinite(timeout) and timeout > 0):
        raise ValueError(f"timeout is {timeout!r}; give seconds, more than 0")


def _nonce() -> str:
    return os.urandom(16).hex()


def _sender() -> str:
    """Who gives the command, for the worker's log and the job's exc_info."""
    return f"a command from {socket.gethostname()}, process {os.getpid()}"
