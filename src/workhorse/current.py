"""Which job runs here: set by the worker around each run, read by `get_current_job`.

It holds any handle and imports none: `job` imports this module.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

running: ContextVar[Callable[[], object] | None] = ContextVar("workhorse_job", default=None)
"""Makes the handle of the job that runs in this thread or task, and in tasks that it starts;
called when the job first asks for it, so it must remember what it has made."""

make_handle: Callable[[str, Any], Any] | None = None
"""Makes the handle of a job of its id and source; None: `workhorse.job.Job` does. A stand-in for
another library puts its own here, in processes that run jobs."""


def running_job() -> object:
    """The job that runs here, or None outside of one."""
    handle = running.get()
    return None if handle is None else handle()
