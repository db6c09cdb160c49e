"""What jobs are given as their handles: RQ's `Job`, whose connection is a redis client.

Importing this module does it; work horses import it before the program's own modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workhorse import current

if TYPE_CHECKING:
    from workhorse.compat.rq.job import Job


def make(job_id: str, source: Any) -> Job:
    """The handle of a job that runs here."""
    from workhorse.compat.rq.job import Job  # few jobs ask for theirs

    return Job(job_id, source)


current.make_handle = make
