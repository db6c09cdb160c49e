"""Workers: `Worker`, `SpawnWorker` and `SimpleWorker`.

Names are loaded when they are first used, for the stable is of this package too and needs
neither asyncio nor the client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workhorse.states import WorkerStatus
    from workhorse.worker.facade import SimpleWorker, SpawnWorker, Worker, WorkerInfo

__all__ = ["SimpleWorker", "SpawnWorker", "Worker", "WorkerInfo", "WorkerStatus"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from workhorse import states  # noqa: PLC0415 - see above
    from workhorse.worker import facade  # noqa: PLC0415 - see above

    found: object = getattr(states if name == "WorkerStatus" else facade, name)
    return found
