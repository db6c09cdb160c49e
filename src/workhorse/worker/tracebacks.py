"""The text of an exception, as far as it is of use to whoever wrote the job."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from workhorse.ops.reports import MAX_TRACEBACK


def traceback_of(error: BaseException) -> bytes:
    """The traceback from the user's first frame on; our own frames tell the user nothing."""
    first = error.__traceback__
    while (
        first is not None
        and first.tb_next is not None
        and _is_ours(first.tb_frame.f_code.co_filename)
    ):
        first = first.tb_next
    try:
        with _shallow():
            lines = traceback.format_exception(type(error), error, first)
        text = "".join(lines)
    except BaseException as second:  # noqa: BLE001 - an exception may be unable to say what it is
        text = (
            f"{type(error).__name__}, and its traceback cannot be shown: {type(second).__name__}\n"
        )
    return text.encode("utf-8", "backslashreplace")[-MAX_TRACEBACK:]


def _is_ours(filename: str) -> bool:
    return "/workhorse/worker/" in filename or filename.endswith(("/asyncio/runners.py",))


@contextmanager
def _shallow() -> Iterator[None]:
    # A job that died of RecursionError leaves little room to format its traceback in.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 200)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
