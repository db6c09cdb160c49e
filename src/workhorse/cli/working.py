"""The options that `workhorse worker` and `workhorse worker-pool` share, and what they mean."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from workhorse.cli.classes import chosen, needless
from workhorse.cli.notes import notes
from workhorse.cli.options import (
    ServerOptions,
    TrustOptions,
    absolute,
    complete_queues,
    duration,
    not_negative,
    queue_names,
    size,
    trust_options,
    working_options,
)
from workhorse.cli.sentry import watched

if TYPE_CHECKING:
    from workhorse.connection import Connection

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

F = TypeVar("F", bound=Callable[..., object])


class WorkerOptions(ServerOptions, TrustOptions):
    """The options that both commands share."""

    concurrency: int | None
    isolation: str | None
    burst: bool
    max_jobs: int | None
    max_idle_time: float | None
    name: str | None
    lease: float
    grace: float | None
    preload: tuple[str, ...]
    cron: tuple[str, ...]
    path: tuple[str, ...]
    allow: tuple[str, ...]
    max_horse_jobs: int | None
    max_horse_memory: int | None
    max_crashes: int
    results_ttl: float | None
    dequeue_strategy: str | None
    log_level: str | None
    log_format: str
    date_format: str | None
    verbose: bool
    quiet: bool
    disable_job_desc_logging: bool
    exception_handler: tuple[str, ...]
    disable_default_exception_handler: bool
    work_horse_killed_handler: str | None
    sentry_dsn: str | None
    pid: str | None


def log_format(value: str) -> str:
    """A type for options: `text`, `json`, or a template of `logging`."""
    if "%(" in value:
        import logging  # noqa: PLC0415 - only where one is given

        try:
            logging.Formatter(value)
        except ValueError as error:
            raise click.BadParameter(f"{value!r}: {error}") from None
    elif value not in {"text", "json"}:
        raise click.BadParameter(
            f"{value!r}: use text, json, or a template such as '%(asctime)s %(message)s'"
        )
    return value


_OPTIONS: Final = (
    click.argument(
        "queues",
        nargs=-1,
        metavar="[QUEUES]...",
        envvar="WORKHORSE_QUEUES",
        callback=queue_names,
        shell_complete=complete_queues,
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(1),
        metavar="N",
        help="How many `async def` jobs each of them runs at a time, or jobs of any kind with "
        "--isolation thread.  [default: 100; thread: 10]",
    ),
    click.option(
        "--isolation",
        type=click.Choice(["warm", "fork", "spawn", "thread", "inline"]),
        help="warm: a work horse runs many jobs; fork: a fresh one for each job; spawn: a fresh "
        "interpreter for each job; thread: a horse runs many at a time, on threads; inline: no "
        "horses, jobs run in this process.  [default: warm]",
    ),
    click.option("-b", "--burst", is_flag=True, help="Stop when the queues are empty."),
    click.option(
        "--max-jobs", type=click.IntRange(1), metavar="N", help="Stop after so many jobs."
    ),
    click.option(
        "--max-idle-time",
        type=duration,
        callback=not_negative,
        metavar="TIME",
        help="Stop after so long without a job.",
    ),
    click.option("--name", help="What to be called.  [default: host, pid, four random bytes]"),
    click.option(
        "--lease",
        type=duration,
        default="15",
        show_default=True,
        metavar="TIME",
        help="How long the jobs of a worker that vanished wait until another one takes them over.",
    ),
    click.option(
        "--grace",
        type=duration,
        metavar="TIME",
        help="When told to stop: how long to let jobs run.  [default: as long as they take]",
    ),
    click.option(
        "--preload",
        multiple=True,
        metavar="MODULE",
        help="Import it before the first job; may be repeated.",
    ),
    click.option(
        "--cron",
        multiple=True,
        metavar="MODULE",
        help="Store its cron entries before the first job; may be repeated.",
    ),
    click.option(
        "-P",
        "--path",
        type=click.Path(),
        multiple=True,
        default=["."],
        show_default=True,
        metavar="FOLDER",
        help="Where jobs' modules are found, and that of --config, besides Python's own path; "
        "may be repeated.",
    ),
    click.option(
        "--allow",
        multiple=True,
        metavar="PATTERN",
        help="Run only functions that match, such as 'myapp.tasks.*'; may be repeated.",
    ),
    trust_options,
    click.option(
        "--max-horse-jobs",
        type=click.IntRange(1),
        metavar="N",
        help="Replace a horse after so many jobs.",
    ),
    click.option(
        "--max-horse-memory",
        type=size,
        metavar="SIZE",
        help="Replace a horse that holds more, such as 500MB.",
    ),
    click.option(
        "--max-crashes",
        type=click.IntRange(0),
        default=3,
        show_default=True,
        metavar="N",
        help="How often a job is delivered again after its worker vanished.",
    ),
    click.option(
        "--results-ttl",
        type=duration,
        metavar="TIME",
        help="How long to keep jobs that do not say so themselves.  "
        "[default: 500 s, and nothing of a job that returns None]",
    ),
    click.option(
        "-ds",
        "--dequeue-strategy",
        "--strategy",
        type=click.Choice(["default", "round_robin", "random"]),
        help="default: an earlier queue first.",
    ),
    click.option(
        "-l",
        "--log-level",
        "--logging-level",
        "--logging_level",
        type=click.Choice(LEVELS, case_sensitive=False),
        help="[default: INFO]",
    ),
    click.option(
        "--log-format",
        type=log_format,
        default="text",
        metavar="FORMAT",
        help="text, json, or a template such as '%(asctime)s %(message)s'.  [default: text]",
    ),
    click.option(
        "--date-format", metavar="FORMAT", help="How the log writes times, such as '%H:%M:%S'."
    ),
    click.option("-v", "--verbose", is_flag=True, help="The same as --log-level DEBUG."),
    click.option("-q", "--quiet", is_flag=True, help="The same as --log-level WARNING."),
    click.option(
        "--disable-job-desc-logging",
        is_flag=True,
        help="Do not log jobs' descriptions, which show arguments.",
    ),
    click.option(
        "--exception-handler",
        multiple=True,
        metavar="FUNCTION",
        help="Call it in the horse when a job fails; may be repeated.",
    ),
    click.option(
        "-d",
        "--disable-default-exception-handler",
        is_flag=True,
        help="Keep no failed jobs but those that have a failure_ttl of their own.",
    ),
    click.option(
        "--work-horse-killed-handler",
        metavar="FUNCTION",
        help="Call it in another horse when one died of a job.",
    ),
    click.option(
        "--sentry-dsn",
        envvar=["WORKHORSE_SENTRY_DSN", "RQ_SENTRY_DSN"],
        metavar="DSN",
        help="Tell this Sentry of jobs that fail.  [default: SENTRY_DSN of the environment]",
    ),
    click.option(
        "--pid", type=click.Path(dir_okay=False), metavar="FILE", help="Write the process id there."
    ),
    needless(
        "--worker-ttl", why="a worker that beats no more is forgotten after twice its --lease"
    ),
    needless(
        "--maintenance-interval",
        why="whoever asks for jobs looks after those that are due or were left behind",
    ),
    needless(
        "--job-monitoring-interval",
        why="the kernel says at once when a work horse ends; leases are extended every third of "
        "--lease",
    ),
    needless("-s", "--with-scheduler", is_flag=True, why="any worker runs what is due"),
    working_options,
)


def worker_options(command: F) -> F:
    """All options that both commands share, and the queues."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def load_cron(connection: Connection, options: WorkerOptions) -> None:
    """Store the entries of the modules that --cron names."""
    if options["cron"]:
        from workhorse.cli.cronload import load_apart  # noqa: PLC0415 - few workers do

        trust = options["serializer"], options["allow_class"]
        load_apart(connection, options["cron"], absolute(options["path"]), trust)


def told(options: WorkerOptions) -> dict[str, Any]:
    """What `Worker` is to be told, by its own keywords, but for queues, name and connection.

    Raises:
        click.UsageError: Two options contradict each other, or what one needs is not installed.
    """
    isolation, _ = chosen(
        options["worker_class"], options["isolation"], options["dequeue_strategy"]
    )
    ttl = options["results_ttl"]
    return {
        "default_result_ttl": None if ttl is None else int(ttl),
        "isolation": isolation,
        "concurrency": options["concurrency"],
        "lease": options["lease"],
        "grace": options["grace"],
        "max_crashes": options["max_crashes"],
        "max_horse_jobs": options["max_horse_jobs"],
        "max_horse_memory": options["max_horse_memory"],
        "path": absolute(options["path"]),
        "serializer": options["serializer"],
        "allow": options["allow"],
        "allow_classes": options["allow_class"],
        "log_job_description": not options["disable_job_desc_logging"],
        "disable_default_exception_handler": options["disable_default_exception_handler"],
        **watched(
            *(options["sentry_dsn"], options["preload"], options["exception_handler"]),
            options["work_horse_killed_handler"],
        ),
    }


def strategy(options: WorkerOptions) -> str:
    """In which order the queues are looked at."""
    _, found = chosen(options["worker_class"], options["isolation"], options["dequeue_strategy"])
    return str(found)


def set_up_log(options: WorkerOptions, name: str) -> bytes | None:
    """Begin to log as the options say, and say what they have to say.

    Returns:
        DICT_CONFIG of the config module, pickled, for those who run jobs.
    """
    from workhorse.cli.config import logging_in  # noqa: PLC0415 - not for --help
    from workhorse.cli.logs import configure, set_up  # noqa: PLC0415 - not for --help

    ctx = click.get_current_context()
    configured = logging_in(ctx)
    if configured is None or not configure(configured, options["path"], level(options, None)):
        set_up(level(options, "INFO"), options["log_format"], name, options["date_format"])
    if kept := notes(ctx):
        import logging  # noqa: PLC0415 - not for --help

        for text in kept:
            logging.getLogger("workhorse.worker").info("%s", text)
    return configured


def level(options: WorkerOptions, default: str | None) -> Any:  # noqa: ANN401 - a level, or the default
    """The level of the log."""
    if options["log_level"]:
        return options["log_level"].upper()
    if options["verbose"]:
        return "DEBUG"
    return "WARNING" if options["quiet"] else default


@contextlib.contextmanager
def pid_file(name: str | None) -> Iterator[None]:
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
