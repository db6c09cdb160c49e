"""Which names a user may give to a job and a queue.

Names reach keys, logs, terminals and HTML, so what could be mistaken there is refused at
the door.
"""

from __future__ import annotations

import re
from zlib import crc32

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_CRON_NAME = 100
_QUEUE_NAME = re.compile(r"(?! )[A-Za-z0-9_.:/@ -]{1,128}(?<! )")


def check_job_id(job_id: str) -> str:
    """Return *job_id* if it is a legal id (RQ's rule, and at most 128 characters).

    Raises:
        ValueError: It is not.
    """
    if _matches(_JOB_ID, job_id):
        return job_id
    raise ValueError(f"job id {job_id!r:.200}: use 1 to 128 letters, digits, '_' or '-'")


def check_cron_name(name: str) -> str:
    """Return *name* if a cron entry may be called so: as a queue, in at most 100 characters.

    Raises:
        ValueError: It may not.
    """
    if _matches(_QUEUE_NAME, name) and len(name) <= _LONGEST_CRON_NAME:
        return name
    raise ValueError(
        f"cron entry {name!r:.200}: use 1 to 100 letters, digits, '_', '.', ':', '/', '@', '-', "
        f"and spaces except at its ends, for its name"
    )


def cron_job_id(name: str, *of_occurrence: str | int) -> str:
    """The id of a job of a cron entry; without an occurrence, that of its template.

    What cannot be in an id becomes a dash; names that would be alike then stay apart.
    """
    if not _matches(_JOB_ID, name):
        name = f"{_NOT_IN_ID.sub('-', name)}-{crc32(name.encode()):08x}"
    return "-".join(("cron", name, *map(str, of_occurrence)))


def check_queue_name(name: str) -> str:
    """Return *name* if a queue may be called so.

    Raises:
        ValueError: It may not.
    """
    if is_queue_name(name):
        return name
    raise ValueError(
        f"queue name {name!r:.200}: use 1 to 128 letters, digits, '_', '.', ':', '/', '@', '-', "
        f"and spaces except at its ends"
    )


def check_group_name(name: str) -> str:
    """Return *name* if a group may be called so: as a job.

    Raises:
        ValueError: It may not.
    """
    if _matches(_JOB_ID, name):
        return name
    raise ValueError(f"group {name!r:.200}: use 1 to 128 letters, digits, '_' or '-'")


def is_queue_name(name: str) -> bool:
    """Whether a queue may be called so."""
    return _matches(_QUEUE_NAME, name)


def _matches(pattern: re.Pattern[str], given: object) -> bool:
    return isinstance(given, str) and pattern.fullmatch(given) is not None
