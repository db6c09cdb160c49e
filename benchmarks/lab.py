"""Where the measuring is done: one server, and for each run fresh keys, slots and processes."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.processes import Client, ProgramFailed, Worker
from benchmarks.server import MeasuredServer
from benchmarks.slots import Slots
from benchmarks.systems.system import Command, System

SAMPLE = 200
"""How many results are read back at most."""


@dataclass(frozen=True)
class Lab:
    """The place.

    Attributes:
        server: What all are measured on.
        folder: For slots and logs.
        pythons: System's name -> its interpreter.
    """

    server: MeasuredServer
    folder: Path
    pythons: Mapping[str, str]

    def fresh(self, count: int) -> Slots:
        """Forget what was, and make slots for *count* jobs."""
        self.server.empty()
        self._slots.unlink(missing_ok=True)  # who has mapped the old ones keeps them
        return Slots.create(self._slots, count)

    def client(self, system: System) -> Client:
        """A client program of the system."""
        command = [self.pythons[system.name], "-m", system.client, self.server.url]
        return Client(command, self._env, self.folder / "client.log")

    def worker(self, system: System, command: Command) -> Worker:
        """A worker of the system."""
        words = command(self.pythons[system.name], self.server.url)
        return Worker(words, self._env, self.folder / "worker.log")

    @property
    def _slots(self) -> Path:
        return self.folder / "slots"

    @property
    def _env(self) -> dict[str, str]:
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        # What the user has set for programs of their own must not reach these.
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WORKHORSE_", "RQ_", "REDIS_"))
        }
        return {
            **ours,
            "BENCHMARK_SLOTS": str(self._slots),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }


def check_runs(slots: Slots) -> None:
    """See that every job ran, and ran once.

    Raises:
        ProgramFailed: One did not.
    """
    runs = slots.runs
    none, once = runs.count(0), runs.count(1)
    if once != len(runs):
        more = len(runs) - none - once
        raise ProgramFailed(f"of {len(runs)} jobs {none} did not run and {more} ran repeatedly")


def check_results(client: Client, count: int) -> None:
    """Read a sample of the results back.

    Raises:
        ProgramFailed: One is wrong or missing.
    """
    wanted = min(count, SAMPLE)
    indices = random.Random(count).sample(range(count), wanted)
    right = client.ask("results", indices=indices)["right"]
    if right != wanted:
        raise ProgramFailed(f"of {wanted} results {wanted - right} are wrong or missing")
