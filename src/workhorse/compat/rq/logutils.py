"""Where the log goes, by RQ's functions; workers and queues write to the logger `workhorse`."""

from __future__ import annotations

import logging
import sys
from typing import Any, ClassVar

from workhorse.compat.rq.defaults import DEFAULT_LOGGING_DATE_FORMAT, DEFAULT_LOGGING_FORMAT

_CODES = {"darkgreen": "32", "darkyellow": "33", "darkblue": "34", "darkred": "31"}


def make_colorizer(color: str) -> Any:
    """A function that colours text where a terminal shows it."""
    code = _CODES.get(color, "39")
    return lambda text: f"\x1b[{code}m{text}\x1b[39;49;00m" if sys.stdout.isatty() else text


green, yellow, blue, red = map(make_colorizer, _CODES)


class ColorizingStreamHandler(logging.StreamHandler[Any]):
    """A handler for a stream; `exclude` is accepted, as in RQ."""

    levels: ClassVar[dict[int, Any]] = {
        logging.WARNING: yellow,
        logging.ERROR: red,
        logging.CRITICAL: red,
    }

    def __init__(self, exclude: object = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exclude = exclude

    @property
    def is_tty(self) -> bool:
        """Whether it writes to a terminal."""
        return bool(getattr(self.stream, "isatty", bool)())

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, in the colour of its level on a terminal."""
        text = super().format(record)
        colour = self.levels.get(record.levelno) if self.is_tty else None
        return colour(text) if colour else text


def setup_loghandlers(
    level: int | str | None = None,
    date_format: str = DEFAULT_LOGGING_DATE_FORMAT,
    log_format: str = DEFAULT_LOGGING_FORMAT,
    name: str = "rq.worker",
) -> None:
    """Let what workers say be seen: on stderr, unless somebody has seen to that already.

    Args:
        level: The least that is shown; None: as it is.
        date_format: How times are written.
        log_format: How lines are.
        name: The logger: `rq.worker` means all of ours.
    """
    loggers = [logging.getLogger(name), logging.getLogger("workhorse")]
    for logger in loggers if name == "rq.worker" else loggers[:1]:
        if level is not None:
            logger.setLevel(level if isinstance(level, int) else level.upper())
        if not logger.hasHandlers():
            handler = ColorizingStreamHandler(stream=sys.stderr)
            handler.setFormatter(logging.Formatter(log_format, date_format))
            logger.addHandler(handler)


__all__ = [
    "ColorizingStreamHandler",
    "blue",
    "green",
    "make_colorizer",
    "red",
    "setup_loghandlers",
    "yellow",
]
