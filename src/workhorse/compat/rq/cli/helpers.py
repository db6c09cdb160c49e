"""What RQ's commands are made of, for those who make commands of their own of it.

Our own commands make no use of this: see `workhorse.cli`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import partial, update_wrapper
from importlib import import_module
from shutil import get_terminal_size
from typing import Any

import click

from workhorse.cli.arguments import parse
from workhorse.compat.rq.defaults import (
    DEFAULT_CONNECTION_CLASS,
    DEFAULT_DEATH_PENALTY_CLASS,
    DEFAULT_JOB_CLASS,
    DEFAULT_QUEUE_CLASS,
    DEFAULT_SERIALIZER_CLASS,
    DEFAULT_WORKER_CLASS,
)
from workhorse.compat.rq.logutils import setup_loghandlers
from workhorse.compat.rq.utils import (
    import_attribute,
    import_job_class,
    import_queue_class,
    import_worker_class,
    now,
    parse_timeout,
)
from workhorse.compat.rq.worker.words import WorkerStatus

red = partial(click.style, fg="red")
green = partial(click.style, fg="green")
yellow = partial(click.style, fg="yellow")

_SCALES = (20, 50, 100, 200, 400, 600, 800, 1000)
_YES, _NO = {"y", "yes", "t", "true"}, {"n", "no", "f", "false", ""}
_SERVER = {
    "host": ("REDIS_HOST", "localhost"),
    "port": ("REDIS_PORT", 6379),
    "db": ("REDIS_DB", 0),
    "password": ("REDIS_PASSWORD", None),
    "ssl_ca_certs": ("REDIS_SSL_CA_CERTS", None),
    "ssl_cert_reqs": ("REDIS_SSL_CERT_REQS", "required"),
    "ssl_ca_data": ("REDIS_SSL_CA_DATA", None),
    "ssl_keyfile": ("REDIS_SSL_KEYFILE", None),
    "ssl_certfile": ("REDIS_SSL_CERTFILE", None),
}
"""What a client is made with -> the setting that says it, and what holds without."""

_SENTINEL = DEFAULT_CONNECTION_CLASS.replace(".Redis", ".sentinel.Sentinel")

# Where the server is


def read_config_file(module: str) -> dict[str, Any]:
    """The settings of a config module: its names in capitals."""
    found = vars(import_module(module))
    return {name: value for name, value in found.items() if name.upper() == name}


def get_redis_from_config(settings: Mapping[str, Any], connection_class: Any = None) -> Any:
    """The redis client that settings describe: by REDIS_URL, SENTINEL, or REDIS_HOST and so on.

    Raises:
        ValueError: REDIS_SSL is neither true nor false.
    """
    client = connection_class or import_attribute(DEFAULT_CONNECTION_CLASS)
    if settings.get("REDIS_URL") is not None:
        return client.from_url(settings["REDIS_URL"])
    if settings.get("SENTINEL") is not None:
        return _behind_sentinels(settings["SENTINEL"])
    known = {word: settings.get(name, default) for word, (name, default) in _SERVER.items()}
    return client(ssl=_truth(settings.get("REDIS_SSL", False)), **known)


def _behind_sentinels(told: Mapping[str, Any]) -> Any:
    wanted = {
        "db": told.get("DB", 0),
        "username": told.get("USERNAME"),
        "password": told.get("PASSWORD"),
        "socket_timeout": told.get("SOCKET_TIMEOUT"),
        "ssl": told.get("SSL", False),
        **told.get("CONNECTION_KWARGS", {}),
    }
    sentinel = import_attribute(_SENTINEL)(
        told.get("INSTANCES", [("localhost", 26379)]),
        sentinel_kwargs=told.get("SENTINEL_KWARGS", {}),
        **wanted,
    )
    return sentinel.master_for(told.get("MASTER_NAME", "mymaster"))


def _truth(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    if said.lower() not in _YES | _NO:
        raise ValueError('REDIS_SSL is a boolean and must be "True" or "False".')
    return said.lower() in _YES


# What is shown


def pad(s: str, pad_to_length: int) -> str:
    """Text with blanks behind it."""
    return s.ljust(pad_to_length)


def get_scale(x: int) -> int:
    """The least round number that is not below this one."""
    return next((scale for scale in _SCALES if x <= scale), x)


def state_symbol(state: str) -> str:
    """What a worker does, in colour."""
    colours = {WorkerStatus.BUSY: red, WorkerStatus.IDLE: green, WorkerStatus.SUSPENDED: yellow}
    found = ((word.value, paint) for word, paint in colours.items() if word == state)
    return next((paint(word) for word, paint in found), state)


def show_queues(
    queues: Sequence[Any],
    raw: bool,
    by_queue: bool,
    queue_class: Any,
    worker_class: Any,
    connection: Any,
) -> None:
    """Print a line for each queue, and how many jobs there are in all."""
    del by_queue, queue_class, worker_class, connection
    counts = [queue.count for queue in queues]
    width = min(20, get_terminal_size().columns - 20)
    ratio = width / get_scale(max(counts, default=0))
    for queue, count in zip(queues, counts, strict=True):
        head = f"queue {queue.name}"
        if not raw:
            head = f"{queue.name:<12} {green('|' + '█' * int(ratio * count))}"
        click.echo(
            f"{head} {count}, {queue.started_job_registry.count} executing, "
            f"{queue.finished_job_registry.count} finished, "
            f"{queue.failed_job_registry.count} failed"
        )
    if not raw:
        click.echo(f"{len(queues)} queues, {sum(counts)} jobs total")


def show_workers(
    queues: Sequence[Any],
    raw: bool,
    by_queue: bool,
    queue_class: Any,
    worker_class: Any,
    connection: Any,
) -> None:
    """Print a line for each worker, or the workers of each queue, and how many there are."""
    del queue_class
    by_name = {queue: worker_class.all(queue=queue, connection=connection) for queue in queues}
    found = {worker for workers in by_name.values() for worker in workers}
    if not queues:
        found = set(worker_class.all(connection=connection))
    if by_queue:
        _show_by_queue(by_name)
    for worker in () if by_queue else sorted(found, key=lambda one: one.name):
        state = worker.get_state()
        told = (
            f"worker {_name(worker)} {state}" if raw else f"{_name(worker)}: {state_symbol(state)}"
        )
        click.echo(
            f"{told} {', '.join(worker.queue_names())}. jobs: {worker.successful_job_count} "
            f"finished, {worker.failed_job_count} failed"
        )
    if not raw:
        click.echo(f"{len(found)} workers, {len(queues)} queues")


def _name(worker: Any) -> str:
    return f"{worker.name} ({worker.hostname} {worker.ip_address} {worker.pid})"


def _show_by_queue(workers: Mapping[Any, Iterable[Any]]) -> None:
    width = max((len(queue.name) for queue in workers), default=0) + 1
    for queue, theirs in workers.items():
        names = sorted(f"{one.name} ({state_symbol(one.get_state())})" for one in theirs)
        click.echo(f"{pad(queue.name + ':', width)} {', '.join(names) or '–'}")  # noqa: RUF001 - as in RQ


def show_both(
    queues: Sequence[Any],
    raw: bool,
    by_queue: bool,
    queue_class: Any,
    worker_class: Any,
    connection: Any,
) -> None:
    """Print the queues, the workers, and the time."""
    for show in (show_queues, show_workers):
        show(queues, raw, by_queue, queue_class, worker_class, connection)
        if not raw:
            click.echo("")
    if not raw:
        click.echo(f"Updated: {datetime.now()}")  # noqa: DTZ005 - the reader's own clock


def refresh(interval: float | None, func: Callable[..., object], *args: Any) -> None:
    """Call a function; with an interval, again and again on an empty screen."""
    while True:
        if interval:
            click.clear()
        func(*args)
        if not interval:
            return
        time.sleep(interval)


def setup_loghandlers_from_args(
    verbose: bool, quiet: bool, date_format: str, log_format: str
) -> None:
    """Let what workers say be seen, all of it, or what goes wrong.

    Raises:
        RuntimeError: Both are wanted.
    """
    if verbose and quiet:
        raise RuntimeError("Flags --verbose and --quiet are mutually exclusive.")
    level = "DEBUG" if verbose else "WARNING" if quiet else None
    setup_loghandlers(level, date_format=date_format, log_format=log_format)


# What is asked for


class ParsingMode(Enum):
    """How an argument of a command is read."""

    PLAIN_TEXT = 0
    JSON = 1
    LITERAL_EVAL = 2


def parse_function_arg(argument: str, arg_pos: int) -> tuple[str | None, Any]:
    """The name of an argument, or None, and its value; see `workhorse.cli.arguments`."""
    del arg_pos
    args, kwargs = parse([argument])
    return next(iter(kwargs.items())) if kwargs else (None, args[0])


def parse_function_args(arguments: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a function by position, and by name."""
    args, kwargs = parse(arguments)
    return list(args), kwargs


def parse_schedule(schedule_in: str | None, schedule_at: str | None) -> datetime | None:
    """When that is; None for now.

    Raises:
        click.BadArgumentUsage: Both are given.
    """
    if schedule_in is not None:
        if schedule_at is not None:
            raise click.BadArgumentUsage("You can't specify both --schedule-in and --schedule-at")
        return now() + timedelta(seconds=parse_timeout(schedule_in) or 0)
    if schedule_at is None:
        return None
    return datetime.strptime(schedule_at, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - local, as in RQ


class CliConfig:
    """What the options that all commands share say.

    Raises:
        click.BadParameter: One of the classes cannot be imported.
    """

    def __init__(
        self,
        url: str | None = None,
        config: str | None = None,
        worker_class: str = DEFAULT_WORKER_CLASS,
        job_class: str = DEFAULT_JOB_CLASS,
        death_penalty_class: str = DEFAULT_DEATH_PENALTY_CLASS,
        queue_class: str = DEFAULT_QUEUE_CLASS,
        connection_class: str = DEFAULT_CONNECTION_CLASS,
        path: Iterable[str] | None = None,
        *args: object,
        **kwargs: object,
    ) -> None:
        del args, kwargs
        sys.path.extend(path or ())
        self._connection: Any = None
        self.url = url
        self.config = config
        self.worker_class = _imported(import_worker_class, worker_class, "--worker-class")
        self.job_class = _imported(import_job_class, job_class, "--job-class")
        self.death_penalty_class = _imported(
            import_attribute, death_penalty_class, "--death-penalty-class"
        )
        self.queue_class = _imported(import_queue_class, queue_class, "--queue-class")
        self.connection_class = _imported(import_attribute, connection_class, "--connection-class")

    @property
    def connection(self) -> Any:
        """The redis client that the options, a config module or the environment describe."""
        if self._connection is None:
            if self.url:
                self._connection = self.connection_class.from_url(self.url)
            else:
                settings = read_config_file(self.config) if self.config else os.environ
                self._connection = get_redis_from_config(settings, self.connection_class)
        return self._connection


def _imported(find: Callable[[str], Any], name: str, option: str) -> Any:
    try:
        return find(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint=option) from error


shared_options = [
    click.option("--url", "-u", envvar="RQ_REDIS_URL", help="URL of the server."),
    click.option("--config", "-c", envvar="RQ_CONFIG", help="Module with settings."),
    *(
        click.option(*flags, envvar=variable, default=default, help=f"The class of {what}.")
        for flags, variable, default, what in (
            (("--worker-class", "-w"), "RQ_WORKER_CLASS", DEFAULT_WORKER_CLASS, "workers"),
            (("--job-class", "-j"), "RQ_JOB_CLASS", DEFAULT_JOB_CLASS, "jobs"),
            (("--queue-class",), "RQ_QUEUE_CLASS", DEFAULT_QUEUE_CLASS, "queues"),
            (("--connection-class",), "RQ_CONNECTION_CLASS", DEFAULT_CONNECTION_CLASS, "clients"),
        )
    ),
    click.option("--path", "-P", default=["."], multiple=True, help="Where to import from."),
    click.option("--serializer", "-S", default=DEFAULT_SERIALIZER_CLASS, help="What encodes."),
]


def pass_cli_config(func: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that all share, and a `CliConfig` of them."""
    for option in shared_options:
        func = option(func)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        context = click.get_current_context()
        return context.invoke(func, CliConfig(**kwargs), *args[1:], **kwargs)

    return update_wrapper(wrapper, func)
