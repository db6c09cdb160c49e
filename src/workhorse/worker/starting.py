"""Begin to work: in this process, or with a stable and horses."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from workhorse.worker.launch import launch
from workhorse.worker.orders import Orders

if TYPE_CHECKING:
    from workhorse.connection import Connection
    from workhorse.worker.settings import Settings
    from workhorse.worker.tether import Tether


log = logging.getLogger("workhorse.worker")


def start(connection: Connection, settings: Settings, tether: Tether | None = None) -> bool:
    """Work until there is a reason to stop; whether any job was run.

    Raises:
        DuplicateWorkerError: A live worker has the name.
        ImportError: A module to be preloaded cannot be imported.
        WorkhorseError: The stable cannot start.
    """
    if settings.isolation == "inline":
        from workhorse.worker.inline import InlineWorker  # noqa: PLC0415 - only for it

        if tether is not None:
            tether.ready()
        worker = InlineWorker(connection, settings, Orders.of(settings, connection))
        _preload(settings.preload)
        return worker.run()
    # The stable imports what it needs while the supervisor, down there, does the same.
    stable = launch(settings.path)
    try:
        from workhorse.worker.supervisor import supervise  # noqa: PLC0415 - see above
    except BaseException:
        stable.end()
        raise
    return supervise(connection, settings, stable, tether)


def _preload(modules: Iterable[str]) -> None:
    for name in modules:
        try:
            import_module(name)
        except BaseException as error:
            log.exception("cannot preload %s", name)
            raise ImportError(f"cannot preload {name}; see the log") from error
