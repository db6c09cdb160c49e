"""`workhorse resume`: let workers take jobs again."""

from __future__ import annotations

import json
from typing import Unpack

import click

from workhorse.cli.ink import one_line, out
from workhorse.cli.options import (
    ServerOptions,
    complete_queues,
    json_option,
    plain_options,
    queue_names,
    reach,
)


class Options(ServerOptions):
    """The options of `workhorse resume`."""

    as_json: bool


@click.command(short_help="Let workers take jobs again.")
@click.argument(
    "queues",
    nargs=-1,
    metavar="[QUEUES]...",
    callback=queue_names,
    shell_complete=complete_queues,
)
@json_option
@plain_options
def command(queues: tuple[str, ...], **options: Unpack[Options]) -> int:
    """End the suspension of QUEUES; without any, the one of all queues."""
    from workhorse.suspension import resume  # noqa: PLC0415 - not for --help

    connection = reach(options["url"], options["namespace"])
    ended = resume(connection, queues=queues)
    if options["as_json"]:
        click.echo(json.dumps({"resumed": ended}))
        return 0
    what = one_line(", ".join(queues)) or "all queues"
    out().say(f"{out().bold(what)}: {'resumed' if ended else 'not suspended'}")
    return 0
