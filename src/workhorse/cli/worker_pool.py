"""`workhorse worker-pool`: several workers, started again when they die."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Unpack

import click

from workhorse.cli.options import horses
from workhorse.cli.working import (
    WorkerOptions,
    level,
    load_cron,
    pid_file,
    set_up_log,
    strategy,
    told,
    worker_options,
)

if TYPE_CHECKING:
    from workhorse.worker_pool import WorkerPool


class Options(WorkerOptions):
    """The options of `workhorse worker-pool`."""

    num_workers: int
    horses: str


@click.command(
    "worker-pool",
    short_help="Run several workers, and start those again that die.",
    # As for `worker`: what a deployment sets is WORKHORSE_HORSES.
    context_settings={"auto_envvar_prefix": "WORKHORSE"},
    epilog="Each option can also be set in the environment, as for 'workhorse worker'.  Ctrl+C or "
    "SIGTERM: all finish what runs, then stop; a second one: all kill what runs and return it to "
    "its queue.",
)
@click.option(
    "-n",
    "--num-workers",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    show_default=True,
    help="How many workers.",
)
@click.option(
    "--horses",
    type=horses,
    default="1",
    metavar="N|auto",
    show_default=True,
    help="How many processes run jobs at a time, in each worker; auto: one for each processor.",
)
@worker_options
def command(queues: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Run the jobs of QUEUES in several workers, each a process of its own with horses of its own.

    Without QUEUES it is the queue `default`. One worker with several --horses does the same with
    less; several are for the day on which a supervisor dies.
    """
    from workhorse.cli.failures import Failure  # noqa: PLC0415 - not for --help
    from workhorse.cli.logs import prepare  # noqa: PLC0415 - not for --help
    from workhorse.worker.identity import default_name  # noqa: PLC0415 - not for --help

    name = options["name"] or default_name()
    logging = set_up_log(options, name)
    pool = _pool(queues or ("default",), name, options, logging)
    load_cron(pool.connection, options)
    how = (options["log_format"], options["date_format"], logging, options["path"])
    with pid_file(options["pid"]):
        try:
            pool.start(
                burst=options["burst"],
                logging_level=level(options, "INFO"),
                prepare=partial(prepare, level(options, None if logging else "INFO"), how),
                max_jobs=options["max_jobs"],
                max_idle_time=options["max_idle_time"],
                dequeue_strategy=strategy(options),
            )
        except ImportError as error:  # of --preload; the log has the traceback
            raise Failure(str(error)) from None
    return 0


def _pool(
    queues: tuple[str, ...], name: str, options: Options, dict_config: bytes | None
) -> WorkerPool:
    from workhorse.connection import connect  # noqa: PLC0415 - not for --help
    from workhorse.exceptions import NotImportable  # noqa: PLC0415 - not for --help
    from workhorse.worker_pool import WorkerPool  # noqa: PLC0415 - not for --help

    connection = connect(options["url"], options["namespace"])
    try:
        return WorkerPool(
            queues,
            connection,
            options["num_workers"],
            name=name,
            horses=options["horses"],
            dict_config=dict_config,
            **told(options),
        )
    except (ValueError, NotImportable) as error:
        raise click.UsageError(str(error)) from None
