"""Real pools of workers as processes: `python -m tests.support.pools '{"pool": {...}}'`."""

from __future__ import annotations

import itertools
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.workers import MARK, ROOT, WorkerProcess, children, eventually
from workhorse.connection import Connection
from workhorse.worker import SimpleWorker, Worker
from workhorse.worker_pool import WorkerPool

_numbers = itertools.count(1)


class PoolProcess(WorkerProcess):
    """One pool: its process, its workers, and what those have.

    Attributes:
        name: How the names of its workers begin.
        process: The pool itself.
    """

    def __init__(self, folder: Path, connection: Connection, **options: Any) -> None:
        number = next(_numbers)
        self.name = options.get("name", f"pool-{number}")
        self._connection = connection
        self._mark = f"pool-{os.getpid()}-{number}"
        self._log = folder / f"pool-{number}.log"
        work = {name: options.pop(name) for name in ("burst", "max_jobs") if name in options}
        told = {
            "pool": {
                "queues": ["default"],
                "connection": connection.url,
                "namespace": connection.namespace,
                **options,
                "name": self.name,
            },
            "work": work,
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.pools", json.dumps(told)],
                cwd=ROOT,
                env={**os.environ, MARK: self._mark, "PYTHONFAULTHANDLER": ""},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def workers(self, number: int = 2) -> dict[str, int]:
        """Name -> pid of its workers, once there are so many and they are all alive."""

        def alive() -> dict[str, int]:
            assert self.process.poll() is None, self.log
            mine = children(self.pid)
            found = {
                one.name: one.pid
                for one in Worker.all(self._connection)
                if one.name.startswith(f"{self.name}.") and one.pid in mine
            }
            return found if len(found) == number else {}

        return eventually(alive)


def main() -> None:
    """Run one pool as a program."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    told = json.loads(sys.argv[1])
    if told["pool"].get("isolation") == "inline":
        told["pool"] |= {"worker_class": SimpleWorker}
    WorkerPool(**told["pool"]).start(**told["work"])


if __name__ == "__main__":
    main()
