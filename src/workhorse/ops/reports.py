"""How a run went, as a horse says it; what becomes of the job is decided in `settle`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MAX_TRACEBACK = 65_536
"""How much of a traceback is kept, bytes: the end, where the error is."""


class Report(NamedTuple):
    """What a horse, or the supervisor in its place, says of one run.

    Attributes:
        kind: `finished`, `failed`, `refused` (failed, and no retry would help) or
            `again` (the job returned a `Retry`).
        what: The sealed return value (b'' for None), or the traceback.
        ran: How long it ran, microseconds.
        names: Dotted names of the exception's classes, most special first.
        policy: The `Retry` that the job returned, as text.
        died: Whether it failed where no callback of the job could be called.
    """

    kind: str
    what: bytes = b""
    ran: int = 0
    names: Sequence[str] = ()
    policy: str = ""
    died: bool = False
