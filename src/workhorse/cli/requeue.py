"""`workhorse requeue`: run failed jobs once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Unpack

import click

from workhorse.cli.ink import count, err, out
from workhorse.cli.options import (
    ServerOptions,
    complete_queues,
    json_option,
    plain_options,
    queue_names,
    reach,
)

if TYPE_CHECKING:
    from workhorse.connection import Connection

_REASONS = {"none": "there is no such job"}


class Options(ServerOptions):
    """The options of `workhorse requeue`."""

    queue: str
    all_failed: bool
    at_front: bool
    as_json: bool


@click.command(short_help="Run failed jobs once more.")
@click.argument("job_ids", nargs=-1, metavar="[IDS]...")
@click.option(
    "-q",
    "--queue",
    default="default",
    show_default=True,
    callback=queue_names,
    shell_complete=complete_queues,
    help="Whose failed jobs, for --all; jobs that are named know their queue.",
)
@click.option("-a", "--all", "all_failed", is_flag=True, help="All failed jobs of the queue.")
@click.option("--at-front", is_flag=True, help="Put them at the head of their queue.")
@json_option
@plain_options
def command(job_ids: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Run the jobs IDS once more, or with --all the failed jobs of a queue.

    A job that has finished, or was stopped or canceled, can be named as well. Exits with 1 if one
    of IDS could not be requeued.
    """
    if bool(job_ids) == options["all_failed"]:
        raise click.UsageError("name jobs, or give --all")
    connection = reach(options["url"], options["namespace"])
    ids = _failed(connection, options["queue"]) if options["all_failed"] else list(job_ids)
    answers = _requeued(connection, ids, at_front=options["at_front"])
    done = [job_id for job_id, answer in answers.items() if answer == "queued"]
    refused = {job_id: _why(a) for job_id, a in answers.items() if a != "queued"}
    if options["as_json"]:
        click.echo(json.dumps({"requeued": done, "refused": refused}))
    else:
        out().say(f"{count(len(done), 'job')} requeued")
        for job_id, why in refused.items():
            err().say(f"{err().red(job_id)}: {why}")
    return 1 if refused and not options["all_failed"] else 0


def _failed(connection: Connection, queue: str) -> list[str]:
    from workhorse.drivers import run  # noqa: PLC0415 - not for --help
    from workhorse.ops.registries import members  # noqa: PLC0415 - not for --help

    return run(connection, members(connection.keys, "failed", queue)).ids


def _requeued(connection: Connection, ids: list[str], *, at_front: bool) -> dict[str, str]:
    from workhorse.drivers import run  # noqa: PLC0415 - not for --help
    from workhorse.flows import nonce  # noqa: PLC0415 - not for --help
    from workhorse.names import check_job_id  # noqa: PLC0415 - not for --help
    from workhorse.ops.control import requeue  # noqa: PLC0415 - not for --help

    try:
        ids = list(dict.fromkeys(map(check_job_id, ids)))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    answers = run(connection, requeue(connection.keys, ids, nonce(), at_front=at_front))
    return dict(zip(ids, answers, strict=True))


def _why(answer: str) -> str:
    if answer in _REASONS:
        return _REASONS[answer]
    return f"it is {answer.removeprefix('not ')}; only a job that has ended can be requeued"
