"""`workhorse empty`: delete the jobs that wait in some queues."""

from __future__ import annotations

import json
import sys
from typing import Unpack

import click

from workhorse.cli.ink import count, one_line, out
from workhorse.cli.options import (
    ServerOptions,
    complete_queues,
    json_option,
    plain_options,
    queue_names,
    reach,
)


class Options(ServerOptions):
    """The options of `workhorse empty`."""

    all_queues: bool
    yes: bool
    as_json: bool


@click.command(short_help="Delete the jobs that wait in some queues.")
@click.argument(
    "queues",
    nargs=-1,
    metavar="[QUEUES]...",
    callback=queue_names,
    shell_complete=complete_queues,
)
@click.option("-a", "--all", "all_queues", is_flag=True, help="All queues of the namespace.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@plain_options
def command(queues: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Delete the jobs that wait in QUEUES; those that run, failed or finished stay.

    On a terminal it asks before.
    """
    from workhorse.drivers import run  # noqa: PLC0415 - not for --help
    from workhorse.ops.queues import empty, names, overview  # noqa: PLC0415 - not for --help

    if bool(queues) == options["all_queues"]:
        raise click.UsageError("name queues, or give --all")
    connection = reach(options["url"], options["namespace"])
    chosen = list(queues) or run(connection, names(connection.keys))
    if sys.stdin.isatty() and not options["yes"]:
        found = run(connection, overview(connection.keys, chosen)) if chosen else []
        if not _agreed(sum(queue.queued for queue in found), chosen, str(connection)):
            return 1
    deleted = {name: run(connection, empty(connection.keys, name)) for name in chosen}
    if options["as_json"]:
        click.echo(json.dumps({"deleted": deleted}))
        return 0
    for name, number in deleted.items():
        out().say(f"{out().bold(one_line(name))}: {count(number, 'job')} deleted")
    return 0


def _agreed(jobs: int, queues: list[str], server: str) -> bool:
    if not jobs:
        return True
    shown = one_line(", ".join(queues[:5])) + (", …" if len(queues) > 5 else "")  # noqa: PLR2004 - enough to recognize
    where = f"{count(len(queues), 'queue')} ({shown}) on {server}"
    if click.confirm(f"Delete {count(jobs, 'job')} in {where}?", err=True):
        return True
    click.echo("Nothing was deleted.", err=True)
    return False
