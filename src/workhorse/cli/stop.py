"""`workhorse stop`: end jobs that run."""

from __future__ import annotations

from functools import partial
from typing import Unpack

import click

from workhorse.cli.ink import count
from workhorse.cli.options import ServerOptions, json_option, plain_options, reach
from workhorse.cli.telling import tell_each, tell_of, timeout_option


class Options(ServerOptions):
    """The options of `workhorse stop`."""

    timeout: float
    as_json: bool


@click.command(short_help="End jobs that run.")
@click.argument("job_ids", nargs=-1, required=True, metavar="IDS...")
@timeout_option
@json_option
@plain_options
def command(job_ids: tuple[str, ...], **options: Unpack[Options]) -> int:
    """End the jobs IDS, which run; they are kept among the failed, and are not retried.

    Exits with 1 if one of them could not be stopped, because it does not run, or ended by itself
    before that.
    """
    from workhorse.command import asend_stop_job_command  # noqa: PLC0415 - not for --help
    from workhorse.names import check_job_id  # noqa: PLC0415 - not for --help

    try:
        ids = list(dict.fromkeys(map(check_job_id, job_ids)))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    connection = reach(options["url"], options["namespace"])
    stop = partial(asend_stop_job_command, connection, timeout=options["timeout"])
    done, refused = tell_each(connection, ids, stop)
    word = "stopped" if options["as_json"] else ""
    tell_of(word, list(done), refused, [f"{count(len(done), 'job')} stopped"])
    return 1 if refused else 0
