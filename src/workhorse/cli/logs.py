"""How `workhorse worker` writes its log: for people on a terminal, for files, or as JSON lines."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from workhorse.cli.ink import Ink, printable
from workhorse.worker.logs import dictate

FACTS = ("job_id", "queue", "function", "attempt", "duration_ms", "outcome", "worker")
"""What a record may carry in its `extra` that JSON lines repeat."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def set_up(level: str, style: str, worker: str = "", times: str | None = None) -> None:
    """Send the log to stderr.

    Args:
        level: One of `LEVELS`, for Workhorse; other libraries are heard from WARNING on.
        style: `text`, `json`, or a template of `logging`.
        worker: Its name, for the JSON lines that do not say themselves.
        times: How `strftime` is to write times; None: as usual.
    """
    ink = Ink(sys.stderr)
    formatter: logging.Formatter
    if style == "json":
        formatter = JsonLines(worker)
    elif "%(" in style:
        formatter = Template(style, times)
    elif ink.live or ink.colour:
        formatter = ForPeople(ink, times)
    else:
        formatter = ForFiles(times)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("workhorse").setLevel(level)


def configure(pickled: bytes, path: Iterable[str], level: str | None) -> bool:
    """Log as DICT_CONFIG of a config module says.

    Args:
        pickled: The dictionary.
        path: Where the modules are that it names.
        level: Goes before that of the dictionary; None: it does not.

    Returns:
        Whether that leads anywhere; if not, the log needs a way of its own.

    Raises:
        click.UsageError: `logging` cannot make anything of it.
    """
    sys.path[:0] = folders = [str(Path(folder).absolute()) for folder in path]
    try:
        dictate(pickled)
    except Exception as error:
        raise click.UsageError(f"DICT_CONFIG: {_causes(error)}") from error
    finally:
        del sys.path[: len(folders)]
    if level is not None:
        logging.getLogger("workhorse").setLevel(level)
    return logging.getLogger("workhorse.worker").hasHandlers()


def prepare(
    level: str | None,
    how: tuple[str, str | None, bytes | None, tuple[str, ...]],
    worker: str,
) -> None:
    """Begin to log in a worker of a pool.

    Args:
        level: As for `set_up`, or for `configure` if there is a DICT_CONFIG.
        how: Style and times, as for `set_up`; DICT_CONFIG, pickled, or None, and its path.
        worker: Its name.
    """
    style, times, pickled, path = how
    if pickled is None or not configure(pickled, path, level):
        set_up(level or "INFO", style, worker, times)


def _causes(error: BaseException) -> str:
    """What went wrong, and what was behind it: `logging` says the latter in a second exception."""
    return str(error) if error.__cause__ is None else f"{error}: {error.__cause__}"


class Template(logging.Formatter):
    """What a template of `logging` says."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """One line; control characters are escaped."""
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's signature
        """The traceback; control characters are escaped."""
        return printable(super().formatException(ei))


class ForPeople(logging.Formatter):
    """Time, level unless it is INFO, and message, in colours."""

    def __init__(self, ink: Ink, times: str | None = None) -> None:
        super().__init__()
        self._ink = ink
        self._times = times or "%H:%M:%S"

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback if there is one; control characters are escaped."""
        ink = self._ink
        time = datetime.fromtimestamp(record.created).astimezone().strftime(self._times)
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

    def __init__(self, times: str | None = None) -> None:
        super().__init__()
        self._times = times

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback if there is one; control characters are escaped."""
        when = datetime.fromtimestamp(record.created).astimezone()
        time = when.strftime(self._times) if self._times else when.isoformat(" ", "milliseconds")
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
