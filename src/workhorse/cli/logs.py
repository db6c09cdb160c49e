"""How `workhorse worker` writes its log: for people on a terminal, for files, or as JSON lines."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

from workhorse.cli.ink import Ink, printable

FACTS = ("job_id", "queue", "function", "attempt", "duration_ms", "outcome", "worker")
"""What a record may carry in its `extra` that JSON lines repeat."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def set_up(level: str, style: str, worker: str = "") -> None:
    """Send the log to stderr.

    Args:
        level: One of `LEVELS`, for Workhorse; other libraries are heard from WARNING on.
        style: `text` or `json`.
        worker: Its name, for the JSON lines that do not say themselves.
    """
    ink = Ink(sys.stderr)
    formatter: logging.Formatter
    if style == "json":
        formatter = JsonLines(worker)
    elif ink.live or ink.colour:
        formatter = ForPeople(ink)
    else:
        formatter = ForFiles()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("workhorse").setLevel(level)


class ForPeople(logging.Formatter):
    """Time, level unless it is INFO, and message, in colours."""

    def __init__(self, ink: Ink) -> None:
        super().__init__()
        self._ink = ink

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback if there is one; control characters are escaped."""
        ink = self._ink
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        text = printable(record.getMessage())
        job_id = str(getattr(record, "job_id", "") or "")
        if job_id:
            text = text.replace(f"({job_id})", ink.dim(f"({job_id})"))
        mark = ""
        if record.levelno >= logging.ERROR:
            mark = ink.red(record.levelname) + " "
        elif record.levelno >= logging.WARNING:
            mark = ink.yellow(record.levelname) + " "
        elif record.levelno != logging.INFO:
            mark = ink.dim(record.levelname) + " "
        return f"{ink.dim(time)} {mark}{text}{_traceback(record)}"


class ForFiles(logging.Formatter):
    """Date and time with its zone, level, logger and message."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback if there is one; control characters are escaped."""
        time = datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")
        text = printable(record.getMessage())
        return f"{time} {record.levelname} {record.name}: {text}{_traceback(record)}"


class JsonLines(logging.Formatter):
    """One JSON object per record: ts (UTC), level, logger, message, and facts of the job."""

    def __init__(self, worker: str = "") -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "ts": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for fact in FACTS:
            value = getattr(record, fact, None)
            if value is not None:
                line[fact] = value
        if self._worker:
            line.setdefault("worker", self._worker)
        if record.exc_info:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        text = json.dumps(line, ensure_ascii=False, default=str)
        # JSON leaves some characters that steer a terminal, and lone surrogates, as they are.
        return text if text.isprintable() else "".join(map(_readable, text))


def _readable(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    return "\n" + printable("".join(traceback.format_exception(*record.exc_info))).rstrip()
