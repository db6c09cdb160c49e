"""The user's handlers for what goes wrong, by the names under which horses find them.

They run in horses, which are other processes: so they are functions of modules, as jobs are. And
what RQ lets a worker be told that nothing here needs.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Final, TypedDict

from workhorse.callables.importing import check_name
from workhorse.exceptions import NotImportable

log = logging.getLogger("workhorse.worker")

Handler = Callable[..., object] | str
"""A function of a module, or its dotted name."""


class Needless(TypedDict, total=False):
    """RQ's parameters of `Worker` that change nothing."""

    maintenance_interval: object
    default_worker_ttl: object
    worker_ttl: object
    job_monitoring_interval: object
    prepare_for_work: object
    job_class: object
    queue_class: object
    death_penalty_class: object


class NeedlessAtWork(TypedDict, total=False):
    """RQ's parameters of `Worker.work` that change nothing."""

    date_format: object
    log_format: object
    with_scheduler: object


NEEDLESS: Final[Mapping[str, str]] = {
    "maintenance_interval": "whoever asks for jobs looks after those that are due or left behind",
    "default_worker_ttl": "a worker that beats no more is forgotten after twice its lease",
    "worker_ttl": "a worker that beats no more is forgotten after twice its lease",
    "job_monitoring_interval": "the kernel says at once when a work horse ends",
    "prepare_for_work": "it is done when the work begins",
    "job_class": "handles are made by a class of our own",
    "queue_class": "a worker reads queues itself",
    "death_penalty_class": "timeouts work in every isolation: see docs/workers.md",
    "date_format": "the log is the program's: set up `logging`, or use the command line",
    "log_format": "the log is the program's: set up `logging`, or use the command line",
    "with_scheduler": "any worker runs what is due",
}
"""RQ's parameters of workers that change nothing, and why."""


def names_of(handlers: Handler | Iterable[Handler] | None) -> tuple[str, ...]:
    """The names of some handlers; of one alone, too, as RQ has it.

    Raises:
        NotImportable: One cannot be imported by its name; the text says why.
    """
    if handlers is None:
        return ()
    if isinstance(handlers, str) or callable(handlers):
        return (name_of(handlers),)
    return tuple(name_of(handler) for handler in handlers)


def name_of(handler: Handler) -> str:
    """The name of a handler.

    Raises:
        NotImportable: It cannot be imported by it; the text says why.
    """
    if isinstance(handler, str):
        return check_name(handler)
    if isinstance(handler, FunctionType) and handler.__code__.co_flags & 0x80:
        raise NotImportable(
            f"{handler.__qualname__} is async; a handler is a plain function, for it may be called "
            f"where no event loop runs"
        )
    from workhorse.callables.reference import reference  # noqa: PLC0415 - imports `inspect`

    found = reference(handler)
    if found.instance is not None:
        raise NotImportable(
            f"{found.name} needs its instance, and horses are other processes; "
            f"give a function of a module"
        )
    return found.name


def check_needless(given: Mapping[str, object], known: Iterable[str]) -> None:
    """Say of RQ's parameters that nothing needs them.

    Args:
        given: Those that the caller named and the callee does not have.
        known: Those that it has.

    Raises:
        TypeError: One is nobody's; the text says what could be meant.
    """
    for name, value in given.items():
        if name not in NEEDLESS:
            near = difflib.get_close_matches(name, [*known, *NEEDLESS], 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"there is no parameter {name!r}{hint}")
        if value:
            log.info("%s is not needed: %s", name, NEEDLESS[name])
