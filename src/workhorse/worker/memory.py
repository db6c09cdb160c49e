"""Memory that is freed, and kept for what comes next."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

KEPT: Final = 32 * 1024 * 1024
"""How much freed memory a process that deals with large payloads keeps, bytes."""
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


@cache
def keep_memory() -> None:
    """Have the C library keep memory that is freed for a while, instead of giving it back at once.

    To get it again costs the system more, page by page, than all else that is done to a payload of
    a megabyte. Only the C library of GNU can be told; others do as they like.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, KEPT)
        mallopt(_M_TRIM_THRESHOLD, KEPT)
