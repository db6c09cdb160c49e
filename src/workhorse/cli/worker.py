"""`workhorse worker`: run jobs. The process that this starts is the supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from workhorse.cli.options import horses
from workhorse.cli.working import (
    WorkerOptions,
    load_cron,
    pid_file,
    set_up_log,
    strategy,
    told,
    worker_options,
)

if TYPE_CHECKING:
    from workhorse.worker import Worker


class Options(WorkerOptions):
    """The options of `workhorse worker`."""

    horses: str


@click.command(
    "worker",
    short_help="Run the jobs of some queues.",
    # These are what a deployment sets: WORKHORSE_HORSES, not WORKHORSE_WORKER_HORSES.
    context_settings={"auto_envvar_prefix": "WORKHORSE"},
    epilog="Each option can also be set in the environment, as WORKHORSE_<OPTION>: "
    "WORKHORSE_HORSES=4, WORKHORSE_MAX_HORSE_MEMORY=500MB, WORKHORSE_BURST=1, and the queues as "
    "WORKHORSE_QUEUES='high default'.  Ctrl+C or SIGTERM: finish what runs, then stop; a second "
    "one: kill what runs and return it to its queue.",
)
@click.option(
    "-n",
    "--horses",
    type=horses,
    default="1",
    metavar="N|auto",
    show_default=True,
    help="How many processes run jobs at a time; auto: one for each processor.",
)
@worker_options
def command(queues: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Run the jobs of QUEUES, one queue after the other in this order.

    Without QUEUES it is the queue `default`.
    """
    from workhorse.worker.identity import default_name  # noqa: PLC0415 - not for --help

    name = options["name"] or default_name()
    logging = set_up_log(options, name)
    worker = _worker(queues or ("default",), name, options, logging)
    load_cron(worker.connection, options)
    with pid_file(options["pid"]):
        _run(worker, options)
    return 0


def _worker(
    queues: tuple[str, ...], name: str, options: Options, dict_config: bytes | None
) -> Worker:
    from workhorse.connection import connect  # noqa: PLC0415 - not for --help
    from workhorse.exceptions import NotImportable  # noqa: PLC0415 - not for --help
    from workhorse.worker import Worker  # noqa: PLC0415 - not for --help

    connection = connect(options["url"], options["namespace"])
    try:
        return Worker(
            queues,
            name,
            connection=connection,
            horses=options["horses"],
            dict_config=dict_config,
            **told(options),
        )
    except (ValueError, NotImportable) as error:
        raise click.UsageError(str(error)) from None


def _run(worker: Worker, options: Options) -> None:
    from workhorse.cli.failures import Failure  # noqa: PLC0415 - not for --help

    try:
        worker.work(
            burst=options["burst"],
            max_jobs=options["max_jobs"],
            max_idle_time=options["max_idle_time"],
            dequeue_strategy=strategy(options),
        )
    except ImportError as error:  # of --preload; the log has the traceback
        raise Failure(str(error)) from None
