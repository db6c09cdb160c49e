"""What the command says, and how it exits, when something goes wrong."""

from __future__ import annotations

import json

import click

from workhorse.cli.codes import FAILED, INTERRUPTED, UNAVAILABLE, USAGE
from workhorse.cli.ink import err, printable
from workhorse.endpoints.logins import EndpointError
from workhorse.exceptions import (
    BadArguments,
    BadSchedule,
    NoServerError,
    NotImportable,
    NotSerializable,
    PayloadTooLarge,
    ServerError,
    TimeoutFormatError,
    WorkhorseError,
)

_CODES: tuple[tuple[tuple[type[BaseException], ...], int], ...] = (
    ((EndpointError, TimeoutFormatError, NotImportable, BadArguments), USAGE),
    ((NotSerializable, PayloadTooLarge, BadSchedule), USAGE),
    ((NoServerError, ServerError), UNAVAILABLE),
    ((WorkhorseError, TimeoutError), FAILED),
)


class Failure(click.ClickException):
    """The command did what it could, and the answer is no; the text says why."""

    exit_code = FAILED


def report(error: Exception, *, as_json: bool = False) -> int:
    """Tell of an error on stderr, in one line for people or programs.

    Returns:
        The exit code.

    Raises:
        Exception: The error itself, if it is none that is to be expected: a defect.
    """
    code = _code_of(error)
    if isinstance(error, click.Abort):
        return code
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    if as_json:
        kind = type(error).__name__
        line = json.dumps({"error": kind, "message": text, "exit_code": code})
        click.echo(line, err=True)
        return code
    ink = err()
    ink.say(f"{ink.red('workhorse:')} {printable(text)}")
    if isinstance(error, click.UsageError) and error.ctx is not None:
        ink.say(ink.dim(f"'{error.ctx.command_path} --help' says how."))
    return code


def _code_of(error: Exception) -> int:
    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, click.FileError):
        return USAGE  # a file that an argument names
    if isinstance(error, click.ClickException):
        return error.exit_code
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code
    raise error
