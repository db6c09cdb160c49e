"""`workhorse kill-horse`: kill the processes in which workers run jobs."""

from __future__ import annotations

from functools import partial
from typing import Unpack

import click

from workhorse.cli.ink import count, one_line
from workhorse.cli.options import ServerOptions, json_option, plain_options, reach
from workhorse.cli.telling import tell_each, tell_of, timeout_option


class Options(ServerOptions):
    """The options of `workhorse kill-horse`."""

    timeout: float
    as_json: bool


@click.command(short_help="Kill the processes in which workers run jobs.")
@click.argument("workers", nargs=-1, required=True, metavar="WORKERS...")
@timeout_option
@json_option
@plain_options
def command(workers: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Kill the work horses of WORKERS that run jobs.

    Their jobs fail, or are retried if they say so; the workers go on with new horses. Exits with 1
    if one of the workers is not alive, or runs no job.
    """
    from workhorse.command import asend_kill_horse_command  # noqa: PLC0415 - not for --help

    connection = reach(options["url"], options["namespace"])
    kill = partial(asend_kill_horse_command, connection, timeout=options["timeout"])
    done, refused = tell_each(connection, list(dict.fromkeys(workers)), kill)
    jobs = {name: dict(answer.jobs) for name, answer in done.items()}
    lines = [f"{one_line(name)}: {count(len(ended), 'job')} ended" for name, ended in jobs.items()]
    tell_of("killed" if options["as_json"] else "", jobs, refused, lines)
    return 1 if refused else 0
