"""`workhorse worker`: run jobs. The process that this starts is the supervisor."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from workhorse.cli.options import (
    ServerOptions,
    TrustOptions,
    absolute,
    complete_queues,
    duration,
    horses,
    queue_names,
    server_options,
    size,
    trust_options,
)

if TYPE_CHECKING:
    from workhorse.worker import Worker

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Options(ServerOptions, TrustOptions):
    """The options of `workhorse worker`."""

    horses: str
    concurrency: int | None
    isolation: str
    burst: bool
    max_jobs: int | None
    max_idle_time: float | None
    name: str | None
    lease: float
    grace: float | None
    preload: tuple[str, ...]
    path: tuple[str, ...]
    allow: tuple[str, ...]
    max_horse_jobs: int | None
    max_horse_memory: int | None
    max_crashes: int
    results_ttl: float | None
    dequeue_strategy: str
    log_level: str | None
    log_format: str
    verbose: bool
    quiet: bool
    disable_job_desc_logging: bool
    pid: str | None


@click.command(
    short_help="Run the jobs of some queues.",
    # These are what a deployment sets: WORKHORSE_HORSES, not WORKHORSE_WORKER_HORSES.
    context_settings={"auto_envvar_prefix": "WORKHORSE"},
    epilog="Each option can also be set in the environment, as WORKHORSE_<OPTION>: "
    "WORKHORSE_HORSES=4, WORKHORSE_MAX_HORSE_MEMORY=500MB, WORKHORSE_BURST=1, and the queues as "
    "WORKHORSE_QUEUES='high default'.  Ctrl+C or SIGTERM: finish what runs, then stop; a second "
    "one: kill what runs and return it to its queue.",
)
@click.argument(
    "queues",
    nargs=-1,
    metavar="[QUEUES]...",
    envvar="WORKHORSE_QUEUES",
    callback=queue_names,
    shell_complete=complete_queues,
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
@click.option(
    "-c",
    "--concurrency",
    type=click.IntRange(1),
    metavar="N",
    help="How many `async def` jobs each of them runs at a time, or jobs of any kind with "
    "--isolation thread.  [default: 100; thread: 10]",
)
@click.option(
    "--isolation",
    type=click.Choice(["warm", "fork", "thread", "inline"]),
    default="warm",
    show_default=True,
    help="warm: a work horse runs many jobs; fork: a fresh one for each job; thread: a horse runs "
    "many at a time, on threads; inline: no horses, jobs run in this process.",
)
@click.option("-b", "--burst", is_flag=True, help="Stop when the queues are empty.")
@click.option("--max-jobs", type=click.IntRange(1), metavar="N", help="Stop after so many jobs.")
@click.option(
    "--max-idle-time", type=duration, metavar="TIME", help="Stop after so long without a job."
)
@click.option("--name", help="What to be called.  [default: host, pid, four random bytes]")
@click.option(
    "--lease",
    type=duration,
    default="15",
    show_default=True,
    metavar="TIME",
    help="How long the jobs of a worker that vanished wait until another one takes them over.",
)
@click.option(
    "--grace",
    type=duration,
    metavar="TIME",
    help="When told to stop: how long to let jobs run.  [default: as long as they take]",
)
@click.option(
    "--preload",
    multiple=True,
    metavar="MODULE",
    help="Import it before the first job; may be repeated.",
)
@click.option(
    "-P",
    "--path",
    type=click.Path(),
    multiple=True,
    default=["."],
    show_default=True,
    metavar="FOLDER",
    help="Where jobs' modules are found, besides Python's own path; may be repeated.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="PATTERN",
    help="Run only functions that match, such as 'myapp.tasks.*'; may be repeated.",
)
@trust_options
@click.option(
    "--max-horse-jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Replace a horse after so many jobs.",
)
@click.option(
    "--max-horse-memory",
    type=size,
    metavar="SIZE",
    help="Replace a horse that holds more, such as 500MB.",
)
@click.option(
    "--max-crashes",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    metavar="N",
    help="How often a job is delivered again after its worker vanished.",
)
@click.option(
    "--results-ttl",
    type=duration,
    metavar="TIME",
    help="How long to keep jobs that do not say so themselves.  "
    "[default: 500 s, and nothing of a job that returns None]",
)
@click.option(
    "-ds",
    "--dequeue-strategy",
    "--strategy",
    type=click.Choice(["default", "round_robin", "random"]),
    default="default",
    show_default=True,
    help="default: an earlier queue first.",
)
@click.option(
    "--log-level",
    "--logging-level",
    "--logging_level",
    type=click.Choice(LEVELS, case_sensitive=False),
    help="[default: INFO]",
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option("-v", "--verbose", is_flag=True, help="The same as --log-level DEBUG.")
@click.option("-q", "--quiet", is_flag=True, help="The same as --log-level WARNING.")
@click.option(
    "--disable-job-desc-logging",
    is_flag=True,
    help="Do not log jobs' descriptions, which show arguments.",
)
@click.option(
    "--pid", type=click.Path(dir_okay=False), metavar="FILE", help="Write the process id there."
)
@server_options
def command(queues: tuple[str, ...], **options: Unpack[Options]) -> int:
    """Run the jobs of QUEUES, one queue after the other in this order.

    Without QUEUES it is the queue `default`.
    """
    from workhorse.cli.logs import set_up  # noqa: PLC0415 - not for --help
    from workhorse.worker.identity import default_name  # noqa: PLC0415 - not for --help

    name = options["name"] = options["name"] or default_name()
    set_up(_level(options), options["log_format"], name)
    worker = _worker(queues or ("default",), options)
    with _pid_file(options["pid"]):
        _run(worker, options)
    return 0


def _worker(queues: tuple[str, ...], options: Options) -> Worker:
    from workhorse.connection import connect  # noqa: PLC0415 - not for --help
    from workhorse.worker import Worker  # noqa: PLC0415 - not for --help

    connection = connect(options["url"], options["namespace"])
    ttl = options["results_ttl"]
    try:
        return Worker(
            queues,
            options["name"],
            None if ttl is None else int(ttl),
            connection,
            isolation=options["isolation"],
            horses=options["horses"],
            concurrency=options["concurrency"],
            lease=options["lease"],
            grace=options["grace"],
            max_crashes=options["max_crashes"],
            max_horse_jobs=options["max_horse_jobs"],
            max_horse_memory=options["max_horse_memory"],
            preload=options["preload"],
            path=absolute(options["path"]),
            serializer=options["serializer"],
            allow=options["allow"],
            allow_classes=options["allow_class"],
            log_job_description=not options["disable_job_desc_logging"],
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _run(worker: Worker, options: Options) -> None:
    from workhorse.cli.failures import Failure  # noqa: PLC0415 - not for --help

    try:
        worker.work(
            burst=options["burst"],
            max_jobs=options["max_jobs"],
            max_idle_time=options["max_idle_time"],
            dequeue_strategy=options["dequeue_strategy"],
        )
    except ImportError as error:  # of --preload; the log has the traceback
        raise Failure(str(error)) from None


def _level(options: Options) -> str:
    if options["log_level"]:
        return options["log_level"].upper()
    if options["verbose"]:
        return "DEBUG"
    return "WARNING" if options["quiet"] else "INFO"


@contextlib.contextmanager
def _pid_file(name: str | None) -> Iterator[None]:
    """Our process id in a file for as long as we live."""
    if name is None:
        yield
        return
    path, mine = Path(name), f"{os.getpid()}\n"
    try:
        path.write_text(mine, "ascii")
    except OSError as error:
        raise click.FileError(name, error.strerror or str(error)) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if path.read_text("ascii") == mine:  # it may be our successor's by now
                path.unlink()
