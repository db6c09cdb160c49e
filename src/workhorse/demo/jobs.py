"""The functions that the demo puts into queues: two that work, and four that are in trouble."""

from __future__ import annotations

import itertools
import keyword
import os
import re
import signal
from collections import Counter
from pathlib import Path

from workhorse.job import get_current_job

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"\b[^\W\dA-Z]\w{3,}")


def count_words(path: str) -> dict[str, int]:
    """How many words and lines a text file has."""
    text = _read(path)
    return {"words": len(_WORD.findall(text)), "lines": text.count("\n")}


def rank_names(path: str) -> dict[str, int]:
    """How often each name of four letters or more occurs in a text file.

    Keywords are left out, and what begins with a capital.
    """
    found = Counter(_NAME.findall(_read(path)))
    return {name: number for name, number in found.items() if not keyword.iskeyword(name)}


def work_at_the_third_try() -> str:
    """Fail twice, and then work: what a `Retry` is for."""
    job = get_current_job()
    tries = 1 + (job.number_of_retries if job else 0)
    if tries < 3:  # noqa: PLR2004 - see the name
        raise ConnectionError(f"try {tries}: nobody answers")
    return f"worked at try {tries}"


def never_work() -> None:
    """Fail, however often it is tried."""
    raise ValueError("there is nothing to be done about it")


def hang() -> int:
    """Loop for ever inside of C code, where no exception can reach it."""
    return sum(itertools.repeat(0))


def kill_own_horse() -> None:
    """Die as if the kernel had run out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def _read(path: str) -> str:
    return Path(path).read_text("utf-8", "replace")
