"""`workhorse shutdown`: let workers finish what they run, and end."""

from __future__ import annotations

from functools import partial
from typing import Unpack

import click

from workhorse.cli.ink import count
from workhorse.cli.options import ServerOptions, json_option, plain_options, reach
from workhorse.cli.telling import tell_each, tell_of, timeout_option


class Options(ServerOptions):
    """The options of `workhorse shutdown`."""

    all_workers: bool
    timeout: float
    as_json: bool


@click.command(short_help="Let workers finish what they run, and end.")
@click.argument("workers", nargs=-1, metavar="[WORKERS]...")
@click.option("-a", "--all", "all_workers", is_flag=True, help="All workers of the namespace.")
@timeout_option
@json_option
@plain_options
def command(workers: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Let WORKERS finish what they run, and end, as Ctrl+C does.

    It waits until they have begun to, not until they have ended. Exits with 1 if one of them does
    not say so.
    """
    from workhorse.command import asend_shutdown_command  # noqa: PLC0415 - not for --help
    from workhorse.drivers import run  # noqa: PLC0415 - not for --help
    from workhorse.ops.workers import alive  # noqa: PLC0415 - not for --help

    if bool(workers) == options["all_workers"]:
        raise click.UsageError("name workers, or give --all; 'workhorse info' shows them")
    connection = reach(options["url"], options["namespace"])
    names = list(dict.fromkeys(workers))
    if options["all_workers"]:
        names = [record.name for record in run(connection, alive(connection.keys))]
    end = partial(asend_shutdown_command, connection, timeout=options["timeout"])
    done, refused = tell_each(connection, names, end)
    word = "stopping" if options["as_json"] else ""
    tell_of(word, list(done), refused, [f"{count(len(done), 'worker')} stopping"])
    return 1 if refused else 0
