"""Options and types of options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

if TYPE_CHECKING:
    from workhorse.connection import Connection

PATIENCE = 2.0
"""How long a command tries to reach the server, seconds; a worker tries longer."""

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)

F = TypeVar("F", bound=Callable[..., object])


class ServerOptions(TypedDict):
    """What `server_options` gives a command."""

    url: str | None
    namespace: str | None


class TrustOptions(TypedDict):
    """What `trust_options` gives a command."""

    serializer: str | None
    allow_class: tuple[str, ...]


def duration(value: str | float) -> float:
    """A type for options: seconds, or text such as 90s, 3m, 1h, 2d; gives seconds."""
    from workhorse.schedules import seconds  # noqa: PLC0415 - only where one is given

    try:
        found = seconds(value, what="")
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no duration; give seconds, or 90s, 3m, 1h, 2d"
        ) from None
    return int(found) if found.is_integer() else found


def size(value: str) -> int:
    """A type for options: bytes, or text such as 500MB or 2GiB; gives bytes."""
    match = _SIZE.fullmatch(str(value).strip())
    if match is None:
        raise click.BadParameter(f"{value!r} is no size; give bytes, or 500MB, 2GiB")
    number, letter, binary = match.groups()
    power = " kmgt".index(letter.lower() or " ")
    return int(float(number) * (1024 if binary else 1000) ** power)


def horses(value: str) -> str:
    """A type for options: a number from 1, or `auto`."""
    text = str(value).strip().lower()
    if text != "auto" and not (text.isdecimal() and int(text) > 0):
        raise click.BadParameter(f"{value!r}: give a number from 1, or 'auto'")
    return text


def server_options(command: F) -> F:
    """`--url` and `--namespace`, for every command that talks to a server."""
    url = click.option(
        "-u",
        "--url",
        envvar="WORKHORSE_URL",
        show_envvar=True,
        metavar="URL",
        help="The server, such as redis://localhost:6379/0, unix:///run/valkey.sock, "
        "sentinel://host:26379/service or cluster://host:6379.",
    )
    namespace = click.option(
        "--namespace",
        envvar="WORKHORSE_NAMESPACE",
        show_envvar=True,
        metavar="NAME",
        callback=_check_namespace,
        help="Which of the server's namespaces.  [default: wh]",
    )
    return url(namespace(command))


def trust_options(command: F) -> F:
    """`--serializer` and `--allow-class`, for every command that decodes what jobs carry."""
    serializer = click.option(
        "-S",
        "--serializer",
        metavar="NAME",
        help="How arguments and results are encoded: values, json, pickle (trusts whoever "
        "writes to the server), or the dotted name of an object.  [default: values]",
    )
    allow = click.option(
        "--allow-class",
        multiple=True,
        metavar="PATTERN",
        help="Classes that may be decoded, such as 'myapp.models.*'; may be repeated.",
    )
    return serializer(allow(command))


def json_option(command: F) -> F:
    """`--json`, for every command that shows something."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Write JSON, errors (on stderr) included."
    )(command)


def reach(url: str | None, namespace: str | None) -> Connection:
    """The connection that a command's options name; it gives up after `PATIENCE`."""
    import logging  # noqa: PLC0415 - each command loads what it needs, when it needs it

    from workhorse.connection import connect  # noqa: PLC0415 - likewise

    # Which server it is can be seen from what the command shows.
    logging.getLogger("workhorse").setLevel(logging.ERROR)
    connection = connect(url, namespace)
    connection.patience = PATIENCE
    return connection


def queue_names(_ctx: click.Context, _param: click.Parameter, value: Any) -> Any:  # noqa: ANN401 - one name or several
    """A callback that refuses what cannot be the name of a queue."""
    from workhorse.names import check_queue_name  # noqa: PLC0415 - each command loads what it needs

    try:
        if isinstance(value, str):
            return check_queue_name(value)
        return value and tuple(map(check_queue_name, value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def complete_queues(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The names of queues, for the shell; none if the server does not answer at once."""
    from workhorse.drivers import run  # noqa: PLC0415 - each command loads what it needs
    from workhorse.ops.queues import names  # noqa: PLC0415 - likewise

    try:
        connection = _at_hand(ctx.params.get("url"), ctx.params.get("namespace"))
        found = [] if connection is None else run(connection, names(connection.keys))
    except Exception:  # noqa: BLE001 - a shell that completes wants no errors
        return []
    return [name for name in found if name.startswith(incomplete)]


def _at_hand(url: str | None, namespace: str | None) -> Connection | None:
    """A connection to the server, if there is one that runs; none is started."""
    from workhorse.connection import Connection  # noqa: PLC0415 - each command loads what it needs
    from workhorse.embedded import running  # noqa: PLC0415 - likewise

    found = url or running()
    return None if found is None else Connection(found, namespace, patience=0)


def _check_namespace(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value:
        from workhorse.exceptions import WorkhorseError  # noqa: PLC0415 - only where one is given
        from workhorse.keys import Keys  # noqa: PLC0415 - likewise

        try:
            Keys(value)
        except WorkhorseError as error:
            raise click.BadParameter(str(error)) from None
    return value or None


def absolute(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths from the root on, so that they mean the same in another folder."""
    return tuple(str(Path(path).absolute()) for path in paths)
