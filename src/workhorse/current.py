"""Which job runs here: set by the worker around each run, read by `get_current_job`.

It holds any handle and imports none: `job` imports this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

_running: ContextVar[Callable[[], object] | None] = ContextVar("workhorse_job", default=None)


@contextmanager
def running(handle: Callable[[], object]) -> Iterator[None]:
    """While this lasts, the job is the current one of this thread or task, and of tasks it starts.

    Args:
        handle: Makes the job's handle; called when the job first asks for it, and then no more.
    """
    token = _running.set(cache(handle))
    try:
        yield
    finally:
        _running.reset(token)


def running_job() -> object:
    """The job that runs here, or None outside of one."""
    handle = _running.get()
    return None if handle is None else handle()
