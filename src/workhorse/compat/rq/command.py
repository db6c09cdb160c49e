"""Tell workers what to do; each call waits until it is done, and raises if it is not."""

from __future__ import annotations

from typing import Any

from workhorse import command as commands
from workhorse.compat.clients import way_to


def send_command(connection: object, worker_name: str, command: str, **kwargs: Any) -> None:
    """Tell a worker `shutdown`, `kill-horse`, `stop-job` or `stop-execution`."""
    commands.send_command(way_to(connection), worker_name, command, **kwargs)


def send_shutdown_command(connection: object, worker_name: str) -> None:
    """Have a worker finish what it runs, and end."""
    commands.send_shutdown_command(way_to(connection), worker_name)


def send_kill_horse_command(connection: object, worker_name: str) -> None:
    """Kill the horses of a worker that run jobs."""
    commands.send_kill_horse_command(way_to(connection), worker_name)


def send_stop_job_command(connection: object, job_id: str, serializer: object = None) -> None:
    """Stop a job that runs."""
    del serializer
    commands.send_stop_job_command(way_to(connection), job_id)


def send_stop_execution_command(connection: object, job_id: str, execution_id: str) -> None:
    """Stop one execution of a job, and no later one."""
    commands.send_stop_execution_command(way_to(connection), job_id, execution_id)


__all__ = [
    "send_command",
    "send_kill_horse_command",
    "send_shutdown_command",
    "send_stop_execution_command",
    "send_stop_job_command",
]
