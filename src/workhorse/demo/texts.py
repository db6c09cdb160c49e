"""What the demo works on: the text files that come with Python, or those of a folder."""

from __future__ import annotations

import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workhorse.demo import jobs

MOST = 1000
"""How many files it takes at most."""
LARGEST = 1 << 20
"""Larger files are left out, bytes."""

_LEFT_OUT = {"site-packages", "test", "tests", "node_modules", "__pycache__"}


@dataclass
class Totals:
    """What all files together have.

    Attributes:
        names: Name -> how often it occurs.
    """

    words: int = 0
    lines: int = 0
    names: Counter[str] = field(default_factory=Counter)

    def add_words(self, counted: Mapping[str, int]) -> None:
        """Take in what `count_words` returned for one file."""
        self.words += counted["words"]
        self.lines += counted["lines"]

    def add_names(self, ranked: Mapping[str, int]) -> None:
        """Take in what `rank_names` returned for one file."""
        self.names.update(ranked)


def standard_library() -> Path:
    """The folder of Python's own source files."""
    return Path(sysconfig.get_path("stdlib"))


def texts_in(folder: Path) -> list[Path]:
    """Up to `MOST` text files under a folder, by name; of the standard library its sources."""
    pattern = "*.py" if folder == standard_library() else "*"
    found: list[Path] = []
    for path in _walk(folder, pattern):
        if len(found) == MOST:
            break
        if _is_text(path):
            found.append(path)
    return found


def in_one_loop(paths: Iterable[Path]) -> Totals:
    """The totals, computed here and now, without any queue."""
    totals = Totals()
    for path in paths:
        totals.add_words(jobs.count_words(str(path)))
        totals.add_names(jobs.rank_names(str(path)))
    return totals


def _walk(folder: Path, pattern: str) -> Iterator[Path]:
    for path in sorted(folder.rglob(pattern)):
        parts = path.relative_to(folder).parts
        if not any(part in _LEFT_OUT or part.startswith(".") for part in parts):
            yield path


def _is_text(path: Path) -> bool:
    """Whether it looks like text, is not too large, and may be read."""
    try:
        if not path.is_file() or not 0 < path.stat().st_size <= LARGEST:
            return False
        with path.open("rb") as file:
            return b"\0" not in file.read(4096)
    except OSError:
        return False
