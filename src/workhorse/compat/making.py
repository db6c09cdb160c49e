"""Makes the handles of jobs that run here: RQ's `Job`, whose connection is a redis client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from workhorse import current, job
from workhorse.compat.clients import RQSource


def make(job_id: str, source: Any) -> Any:
    """RQ's handle of a job that runs here."""
    # By name: RQ's modules import this one. And late: few jobs ask for theirs.
    return import_module("workhorse.compat.rq.job").Job(job_id, source)


def make_by_source(job_id: str, source: Any) -> Any:
    """RQ's handle of a job that comes from a queue of RQ's; our own of any other."""
    return make(job_id, source) if isinstance(source, RQSource) else job.Job(job_id, source)


def tell_apart() -> None:
    """In a program with queues of both kinds, jobs get the handles of their queue."""
    if current.make_handle is None:
        current.make_handle = make_by_source


@contextmanager
def only_theirs() -> Iterator[None]:
    """As long as this lasts, all jobs that run here get RQ's handles."""
    before, current.make_handle = current.make_handle, make
    try:
        yield
    finally:
        current.make_handle = before
