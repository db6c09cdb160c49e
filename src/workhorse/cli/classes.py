"""RQ's options that name classes, and those that nothing needs here: what becomes of them.

Where a class stands for something that Workhorse does, that is done. A class of the user's own
cannot be: a supervisor imports none of the user's code.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import click

from workhorse.cli.notes import WORKERS, note

F = TypeVar("F", bound=Callable[..., object])


class Way(NamedTuple):
    """What a worker class of RQ's stands for."""

    isolation: str
    strategy: str = "default"


WAYS: Final = {
    "Worker": Way("warm"),
    "SimpleWorker": Way("inline"),
    "SpawnWorker": Way("spawn"),
    "HerokuWorker": Way("warm"),
    "RoundRobinWorker": Way("warm", "round_robin"),
    "RandomWorker": Way("warm", "random"),
}
_HOMES: Final = ("", "rq", "workhorse", "workhorse.compat.rq")
_MODULES: Final = ("", "job", "queue", "worker", "worker.base", "worker.facade", "connections")
_KNOWN: Final = {
    "job_class": ("Job", "a job of our own makes its handles; what it carries goes into its meta"),
    "queue_class": ("Queue", "a worker reads queues itself"),
}
_CLIENTS: Final = ("Redis", "StrictRedis", "Valkey", "StrictValkey")


def class_options(command: F) -> F:
    """`--worker-class` and its like, which RQ has on every command."""
    for flags, variable, callback in reversed(
        (
            (("-w", "--worker-class"), "RQ_WORKER_CLASS", _worker_class),
            (("-j", "--job-class"), "RQ_JOB_CLASS", _other_class),
            (("--queue-class",), "RQ_QUEUE_CLASS", _other_class),
            (("--connection-class",), "RQ_CONNECTION_CLASS", _connection_class),
        )
    ):
        command = click.option(
            *flags,
            envvar=variable,
            metavar="CLASS",
            hidden=True,
            callback=callback,
            expose_value=callback is _worker_class,
        )(command)
    return command


def needless(*flags: str, why: str, is_flag: bool = False) -> Callable[[F], F]:
    """An option of RQ's that is accepted, and of which it is said why nothing needs it."""

    def tell(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if value:
            note(ctx, f"{max(param.opts, key=len)} is not needed: {why}")

    return click.option(
        *flags, hidden=True, is_flag=is_flag, expose_value=False, callback=tell, metavar="VALUE"
    )


def _worker_class(ctx: click.Context, param: click.Parameter, value: str | None) -> Way | None:
    if value is None:
        return None
    home, _, name = value.rpartition(".")
    if name in WAYS and home in _homes():
        return WAYS[name]
    if ctx.command.name not in WORKERS:
        note(ctx, f"--worker-class {value} changes nothing here")
        return None
    near = difflib.get_close_matches(name, WAYS, 1)
    raise click.BadParameter(
        f"there is no worker class {value!r}; "
        + (
            f"did you mean {near[0]!r}?"
            if near
            else f"there are {', '.join(WAYS)}. One of your own cannot be named here, for the "
            f"supervisor imports no code of yours: start it from a program, with .work()"
        ),
        ctx,
        param,
    )


def _other_class(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    own, why = _KNOWN[str(param.name)]
    home, _, name = value.rpartition(".")
    if name == own and home in _homes():
        return
    _refuse(ctx, param, value, why)


def _connection_class(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is None or (value.rpartition(".")[2] in _CLIENTS and "fake" not in value):
        return
    if "cluster" in value.lower():
        why = "name a Cluster by its URL, --url cluster://host:6379"
    elif "fake" in value:
        why = "it is no server that other processes can reach; see workhorse.testing"
    else:
        why = "the client is our own; --url says where the server is, and how to log in"
    _refuse(ctx, param, value, why)


def _refuse(ctx: click.Context, param: click.Parameter, value: str, why: str) -> None:
    """A worker that was to be told something says that it cannot do it; others only mention it."""
    if ctx.command.name not in WORKERS:
        note(ctx, f"{max(param.opts, key=len)} {value} changes nothing here: {why}")
        return
    raise click.BadParameter(f"{value!r} cannot be used: {why}", ctx, param)


def _homes() -> set[str]:
    return {f"{home}.{module}".strip(".") for home in _HOMES for module in _MODULES}


def chosen(way: Way | None, isolation: str | None, strategy: str | None) -> tuple[Any, Any]:
    """Isolation and strategy, from their own options or the class.

    Raises:
        click.UsageError: They contradict each other.
    """
    if way is not None and isolation is not None and isolation != way.isolation:
        raise click.UsageError(
            f"--worker-class means --isolation {way.isolation}, not {isolation}; give one of them"
        )
    return (
        isolation or (way.isolation if way else "warm"),
        strategy or (way.strategy if way else "default"),
    )
