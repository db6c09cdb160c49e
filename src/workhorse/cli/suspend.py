"""`workhorse suspend`: let workers take no more jobs."""

from __future__ import annotations

import json
from typing import Unpack

import click

from workhorse.cli.ink import one_line, out, span
from workhorse.cli.options import (
    ServerOptions,
    complete_queues,
    duration,
    json_option,
    plain_options,
    queue_names,
    reach,
)


class Options(ServerOptions):
    """The options of `workhorse suspend`."""

    duration: float | None
    as_json: bool


@click.command(short_help="Let workers take no more jobs.")
@click.argument(
    "queues",
    nargs=-1,
    metavar="[QUEUES]...",
    callback=queue_names,
    shell_complete=complete_queues,
)
@click.option(
    "--duration",
    type=duration,
    metavar="TIME",
    help="For how long, such as 90 or 5m; without it: until `workhorse resume`.",
)
@json_option
@plain_options
def command(queues: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Suspend QUEUES, or all queues, those to come included.

    What runs goes on; nothing new is begun.
    """
    from workhorse.suspension import suspend  # noqa: PLC0415 - not for --help

    connection = reach(options["url"], options["namespace"])
    if options["duration"] is not None and options["duration"] <= 0:
        raise click.BadParameter("give more than 0 seconds", param_hint="'--duration'")
    suspend(connection, options["duration"], queues=queues)
    if options["as_json"]:
        click.echo(json.dumps({"suspended": list(queues) or "all"}))
        return 0
    what = one_line(", ".join(queues)) or "all queues"
    length = options["duration"]
    until = "until 'workhorse resume'" if length is None else f"for {span(length)}"
    out().say(f"{out().bold(what)}: suspended {until}")
    return 0
