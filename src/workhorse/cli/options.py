"""Options and types of options that several commands share."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from workhorse.cli.classes import class_options, needless
from workhorse.cli.notes import notes

if TYPE_CHECKING:
    from workhorse.cli.classes import Way
    from workhorse.connection import Connection
    from workhorse.endpoints.endpoint import Endpoint

PATIENCE = 2.0
"""How long a command tries to reach the server, seconds; a worker tries longer."""

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)

F = TypeVar("F", bound=Callable[..., object])


class ServerOptions(TypedDict):
    """What `server_options` gives a command."""

    url: str | Endpoint | None
    namespace: str | None
    worker_class: Way | None


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
        raise click.BadParameter(
            f"{value!r}: give a number from 1, or 'auto' (what a worker is called is --name)"
        )
    return text


class ConfigOption(click.Option):
    """An option whose module's settings become the defaults of the others."""

    def consume_value(self, ctx: click.Context, opts: Any) -> Any:  # noqa: ANN401 - click's signature
        """Load the module, which --path may help to find, before the others are looked at."""
        value, source = super().consume_value(ctx, opts)
        if isinstance(value, str) and value and not ctx.resilient_parsing:
            from workhorse.cli.config import load  # noqa: PLC0415 - only where one is given

            path = next(param for param in ctx.command.params if param.name == "path")
            folders, _ = path.consume_value(ctx, opts)
            load(ctx, value, path.type_cast_value(ctx, folders))
        return value, source


def server_options(command: F) -> F:
    """What every command has that talks to a server: which one, and where the settings are."""
    path = click.option(
        "-P",
        "--path",
        type=click.Path(),
        multiple=True,
        default=["."],
        expose_value=False,
        metavar="FOLDER",
        help="Where the module of --config is found, besides Python's own path; may be repeated.",
    )
    return working_options(path(command))


def plain_options(command: F) -> F:
    """`server_options` for a command that decodes nothing, which RQ's --serializer is for."""
    serializer = needless("-S", "--serializer", why="nothing is decoded here")
    return server_options(serializer(command))


def working_options(command: F) -> F:
    """`server_options` for a command whose --path is about jobs, too."""
    url = click.option(
        "-u",
        "--url",
        envvar="WORKHORSE_URL",
        show_envvar=True,
        metavar="URL",
        callback=_server,
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
    config = click.option(
        "-c",
        "--config",
        cls=ConfigOption,
        envvar=["WORKHORSE_CONFIG", "RQ_CONFIG"],
        show_envvar=True,
        is_eager=True,
        expose_value=False,
        metavar="MODULE",
        help="A module with settings, such as REDIS_URL and QUEUES.",
    )
    return url(namespace(config(class_options(command))))


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


def reach(url: str | Endpoint | None, namespace: str | None) -> Connection:
    """The connection that a command's options name; it gives up after `PATIENCE`.

    What the options have to say is said on stderr.
    """
    import logging  # noqa: PLC0415 - each command loads what it needs, when it needs it

    from workhorse.connection import connect  # noqa: PLC0415 - likewise

    # Which server it is can be seen from what the command shows.
    logging.getLogger("workhorse").setLevel(logging.ERROR)
    tell_notes()
    connection = connect(url, namespace)
    connection.patience = PATIENCE
    return connection


def tell_notes() -> None:
    """Say on stderr what the options have to say."""
    ctx = click.get_current_context(silent=True)
    if ctx is not None and (kept := notes(ctx)):
        from workhorse.cli.ink import err  # noqa: PLC0415 - each command loads what it needs

        for text in kept:
            err().say(err().dim(text))


def queue_names(_ctx: click.Context, _param: click.Parameter, value: Any) -> Any:  # noqa: ANN401 - one name or several
    """A callback that refuses what cannot be the name of a queue."""
    from workhorse.names import check_queue_name  # noqa: PLC0415 - each command loads what it needs

    return _checked(check_queue_name, value)


def cron_names(_ctx: click.Context, _param: click.Parameter, value: Any) -> Any:  # noqa: ANN401 - likewise
    """A callback that refuses what cannot be the name of a cron entry."""
    from workhorse.names import check_cron_name  # noqa: PLC0415 - each command loads what it needs

    return _checked(check_cron_name, value)


def _checked(check: Callable[[str], str], value: Any) -> Any:  # noqa: ANN401 - likewise
    try:
        if isinstance(value, str):
            return check(value)
        return value and tuple(map(check, value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def not_negative(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    """A callback that refuses a time below 0."""
    if value is not None and value < 0:
        raise click.BadParameter(f"{value:g}: give 0 seconds or more")
    return value


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


def _at_hand(url: str | Endpoint | None, namespace: str | None) -> Connection | None:
    """A connection to the server, if there is one that runs; none is started."""
    from workhorse.connection import Connection  # noqa: PLC0415 - each command loads what it needs
    from workhorse.embedded import running  # noqa: PLC0415 - likewise

    found = url or running()
    return None if found is None else Connection(found, namespace, patience=0)


def _server(ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:  # noqa: ANN401 - what `connect` takes
    """The server that was named, else that of the config module."""
    if value or ctx.resilient_parsing:
        return value or None
    config = sys.modules.get("workhorse.cli.config")  # not there if no module was loaded
    return None if config is None else config.server_in(ctx)


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
