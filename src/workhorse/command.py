"""Tell workers what to do; RQ's names, for sync and, with an `a` in front, for asyncio.

Each call waits until the worker has done what it was told, and raises if it has not. It makes no
difference what the worker does meanwhile, and how it isolates its jobs.
"""

from __future__ import annotations

from workhorse.commandflows import named, stop, tell
from workhorse.connection import connect
from workhorse.drivers import arun, run
from workhorse.ops.commands import WITHIN
from workhorse.ops.inbox import KILL_HORSE, SHUTDOWN, Answer

__all__ = [
    "Answer",
    "asend_command",
    "asend_kill_horse_command",
    "asend_shutdown_command",
    "asend_stop_execution_command",
    "asend_stop_job_command",
    "send_command",
    "send_kill_horse_command",
    "send_shutdown_command",
    "send_stop_execution_command",
    "send_stop_job_command",
]


def send_shutdown_command(
    connection: object, worker_name: str, *, timeout: float = WITHIN
) -> Answer:
    """Have a worker finish what it runs and end, as SIGTERM does; returns when it has begun to.

    Args:
        connection: What `connect` takes; None: the usual server.
        worker_name: The worker.
        timeout: How long to wait for its answer, seconds.

    Raises:
        NoSuchWorkerError: No live worker has that name.
        CommandRefused: It does not obey; `.why` says why not.
        CommandNotAcknowledged: It has not answered.
    """
    way = connect(connection)
    return run(way, tell(way, worker_name, SHUTDOWN, timeout))


async def asend_shutdown_command(
    connection: object,
    worker_name: str,
    *,
    timeout: float = WITHIN,  # noqa: ASYNC109 - as in the sync one
) -> Answer:
    """See `send_shutdown_command`."""
    way = connect(connection)
    return await arun(way, tell(way, worker_name, SHUTDOWN, timeout))


def send_kill_horse_command(
    connection: object, worker_name: str, *, timeout: float = WITHIN
) -> Answer:
    """Kill the horses of a worker that run jobs; these jobs fail, and are retried if they say so.

    Args:
        connection: As in `send_shutdown_command`.
        worker_name: The worker.
        timeout: How long to wait for its answer, seconds.

    Returns:
        `.jobs`: how each of these jobs ended: `fail`, `retry`, or `finish` if it was quicker.

    Raises:
        NoSuchWorkerError: No live worker has that name.
        CommandRefused: It does not obey, or runs no job; `.why` says so.
        CommandNotAcknowledged: It has not answered.
    """
    way = connect(connection)
    return run(way, tell(way, worker_name, KILL_HORSE, timeout))


async def asend_kill_horse_command(
    connection: object,
    worker_name: str,
    *,
    timeout: float = WITHIN,  # noqa: ASYNC109 - as in the sync one
) -> Answer:
    """See `send_kill_horse_command`."""
    way = connect(connection)
    return await arun(way, tell(way, worker_name, KILL_HORSE, timeout))


def send_stop_job_command(
    connection: object,
    job_id: str,
    serializer: object = None,
    *,
    timeout: float = WITHIN,
) -> Answer:
    """Stop a job that runs; when this returns, its status is `stopped`, and it is not retried.

    Args:
        connection: As in `send_shutdown_command`.
        job_id: The job.
        serializer: Not needed; RQ has it.
        timeout: How long to wait until it is done, seconds.

    Raises:
        NoSuchJobError: There is no such job.
        InvalidJobOperation: It does not run, or ended by itself before it could be stopped.
        NoSuchWorkerError: Its worker has just vanished.
        CommandRefused: The worker does not obey; `.why` says why not.
        CommandNotAcknowledged: The worker has not answered.
    """
    del serializer
    way = connect(connection)
    return run(way, stop(way, job_id, timeout))


async def asend_stop_job_command(
    connection: object,
    job_id: str,
    serializer: object = None,
    *,
    timeout: float = WITHIN,  # noqa: ASYNC109 - as in the sync one
) -> Answer:
    """See `send_stop_job_command`."""
    del serializer
    way = connect(connection)
    return await arun(way, stop(way, job_id, timeout))


def send_stop_execution_command(
    connection: object, job_id: str, execution_id: str, *, timeout: float = WITHIN
) -> Answer:
    """Stop one execution of a job, and no later one; see `send_stop_job_command`.

    Args:
        connection: As in `send_shutdown_command`.
        job_id: The job.
        execution_id: The `Execution.id`: the number of the attempt.
        timeout: How long to wait until it is done, seconds.
    """
    way = connect(connection)
    return run(way, stop(way, job_id, timeout, execution_id))


async def asend_stop_execution_command(
    connection: object,
    job_id: str,
    execution_id: str,
    *,
    timeout: float = WITHIN,  # noqa: ASYNC109 - as in the sync one
) -> Answer:
    """See `send_stop_execution_command`."""
    way = connect(connection)
    return await arun(way, stop(way, job_id, timeout, execution_id))


def send_command(  # noqa: PLR0913 - RQ's words
    connection: object,
    worker_name: str,
    command: str,
    *,
    timeout: float = WITHIN,
    job_id: str = "",
    execution_id: str = "",
) -> Answer:
    """Tell a worker what to do by the command's name.

    Args:
        connection: As in `send_shutdown_command`.
        worker_name: The worker.
        command: `shutdown`, `kill-horse`, `stop-job` or `stop-execution`.
        timeout: How long to wait for its answer, seconds.
        job_id: For the last two: the job.
        execution_id: For the last: the execution.

    Raises:
        ValueError: There is no such command, or it needs a job.
    """
    way = connect(connection)
    return run(way, named(way, worker_name, command, timeout, job_id, execution_id))


async def asend_command(  # noqa: PLR0913 - as the sync one
    connection: object,
    worker_name: str,
    command: str,
    *,
    timeout: float = WITHIN,  # noqa: ASYNC109 - as in the sync one
    job_id: str = "",
    execution_id: str = "",
) -> Answer:
    """See `send_command`."""
    way = connect(connection)
    return await arun(way, named(way, worker_name, command, timeout, job_id, execution_id))
