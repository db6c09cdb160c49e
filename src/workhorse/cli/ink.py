"""Text for people: colours where they are wanted, bars and tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import IO, Any

import click

_PARTS = " ▏▎▍▌▋▊▉█"
_KEPT = {"\n", "\t"}
_SECOND, _MINUTE, _HOUR, _DAY = 1.0, 60.0, 3600.0, 86_400.0


class Ink:
    """Writes to one stream, in colour if that is a terminal that shows colours.

    NO_COLOR and FORCE_COLOR have their say (no-color.org, force-color.org).

    Attributes:
        stream: Where it writes.
        live: Whether somebody watches: the stream is a terminal.
        colour: Whether to use colours.
        unicode: Whether the stream can show box and block characters.
    """

    def __init__(self, stream: IO[Any]) -> None:
        self.stream = stream
        self.live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = _wants_colour(live=self.live)
        try:
            "█✓└·".encode(getattr(stream, "encoding", None) or "ascii")
        except (UnicodeEncodeError, LookupError):
            self.unicode = False
        else:
            self.unicode = True

    @property
    def width(self) -> int:
        """How many columns there are."""
        from shutil import get_terminal_size  # noqa: PLC0415 - a log needs no width

        return get_terminal_size((80, 24)).columns

    def say(self, text: str = "") -> None:
        """Write a line."""
        if not self.unicode:
            encoding = getattr(self.stream, "encoding", None) or "ascii"
            text = text.encode(encoding, "replace").decode(encoding)
        click.echo(text, file=self.stream, color=True)

    def bold(self, text: str) -> str:
        """What matters."""
        return self._dyed("1", text)

    def dim(self, text: str) -> str:
        """What matters less."""
        return self._dyed("2", text)

    def red(self, text: str) -> str:
        """What went wrong."""
        return self._dyed("31", text)

    def green(self, text: str) -> str:
        """What went well."""
        return self._dyed("32", text)

    def yellow(self, text: str) -> str:
        """What to look at."""
        return self._dyed("33", text)

    def cyan(self, text: str) -> str:
        """Names."""
        return self._dyed("36", text)

    def bar(self, share: float, width: int, *, track: bool = True) -> str:
        """A horizontal bar of that share of `width` columns, in eighths of a column.

        Args:
            share: From 0 to 1; anything above 0 shows.
            width: Its length when full.
            track: Also show what is missing; otherwise spaces.
        """
        share = min(max(share, 0.0), 1.0)
        if not self.unicode:
            full = max(round(share * width), share > 0)
            return "#" * full + ("." if track else " ") * (width - full)
        eighths = max(int(share * width * 8), 1 if share > 0 else 0)
        full, part = divmod(eighths, 8)
        drawn = "█" * full + (_PARTS[part] if part else "")
        rest = width - full - (1 if part else 0)
        return drawn + (self.dim("·" * rest) if track else " " * rest)

    def _dyed(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text


def out() -> Ink:
    """Ink for stdout."""
    return Ink(sys.stdout)


def err() -> Ink:
    """Ink for stderr."""
    return Ink(sys.stderr)


def printable(text: str) -> str:
    """The text with control characters escaped: what a job carries must not steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else _escaped(c) for c in text)


def one_line(text: str, width: int | None = None) -> str:
    """The text printable, without line ends, and cut to `width` columns."""
    line = " ".join(printable(text).split())
    if width is None or len(line) <= width:
        return line
    return line[: max(width - 1, 0)] + "…"


def span(seconds: float) -> str:
    """A duration as people say it: `340 ms`, `2.5 s`, `3 min 5 s`, `2 h 10 min`, `4 d`."""
    if seconds < _SECOND:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    if seconds < _HOUR:
        return _two(seconds, (_MINUTE, "min"), (_SECOND, "s"))
    if seconds < _DAY:
        return _two(seconds, (_HOUR, "h"), (_MINUTE, "min"))
    return _two(seconds, (_DAY, "d"), (_HOUR, "h"))


def count(number: int, thing: str, things: str | None = None) -> str:
    """`1 job`, `2 jobs`, `1,204 jobs`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def columns(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """The rows as lines whose cells, but for the last of each, are as wide as the widest."""
    widths = [max(map(_width, cells)) for cells in zip(*rows, strict=True)]
    return [
        gap.join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(cell: str) -> int:
    return len(click.unstyle(cell))


def _two(seconds: float, large: tuple[float, str], small: tuple[float, str]) -> str:
    whole = int(seconds // large[0])
    rest = int(seconds % large[0] // small[0])
    return f"{whole} {large[1]}" + (f" {rest} {small[1]}" if rest else "")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _wants_colour(*, live: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return live
