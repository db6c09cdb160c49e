"""What the commands share that tell workers what to do: many at a time, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import click

from workhorse.cli.ink import err, one_line, printable
from workhorse.cli.options import duration
from workhorse.exceptions import ServerError, WorkhorseError

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.ops.inbox import Answer

AT_ONCE: Final = 100
"""How many commands are under way at a time."""

F = TypeVar("F", bound=Callable[..., object])


def timeout_option(command: F) -> F:
    """`--timeout`, for every command that waits for workers."""
    return click.option(
        "--timeout",
        type=_positive,
        metavar="TIME",
        default=10.0,
        help="How long to wait until it is done.  [default: 10s]",
    )(command)


def tell_each(
    connection: Connection, names: Sequence[str], tell: Callable[[str], Awaitable[Answer]]
) -> tuple[dict[str, Answer], dict[str, str]]:
    """Tell something to several workers, or of several jobs, at the same time.

    Args:
        connection: The way to the server.
        names: Of the workers, or the ids of the jobs.
        tell: Does it for one.

    Returns:
        The answers of those that did it, and why the others did not; in the order of the names.

    Raises:
        ServerError: The server cannot be reached.
    """
    import asyncio  # noqa: PLC0415 - not for --help

    async def all_of_them() -> list[Answer | WorkhorseError]:
        free = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> Answer | WorkhorseError:
            async with free:
                try:
                    return await tell(name)
                except ServerError:
                    raise
                except WorkhorseError as error:
                    return error

        try:
            return await asyncio.gather(*map(one, names))
        finally:
            await connection.aclose()

    done: dict[str, Answer] = {}
    refused: dict[str, str] = {}
    for name, what in zip(names, asyncio.run(all_of_them()), strict=True):
        if isinstance(what, WorkhorseError):
            refused[name] = str(what)
        else:
            done[name] = what
    return done, refused


def tell_of(word: str, done: object, refused: dict[str, str], lines: Sequence[str]) -> None:
    """Say on stdout what was done, and on stderr what was not and why.

    Args:
        word: What was done, for JSON; '' for lines.
        done: The same, as JSON has it.
        refused: Why others were not.
        lines: What people read.
    """
    if word:
        click.echo(json.dumps({word: done, "refused": refused}))
        return
    for line in lines:
        click.echo(line)
    for name, why in refused.items():
        err().say(f"{err().red(one_line(name))}: {printable(why)}")


def _positive(value: str | float) -> float:
    found = duration(value)
    if found <= 0:
        raise click.BadParameter(f"{value!r}: give a time over 0")
    return found
