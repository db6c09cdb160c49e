"""Where the measuring is done: one server, and for each run fresh keys, slots and processes."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.processes import Client, ProgramFailed, Worker
from benchmarks.server import MeasuredServer
from benchmarks.slots import Slots
from benchmarks.systems.system import System, Variant

SAMPLE = 200
"""How many results are read back at most."""
_TOLERATED = 0.1
"""A system that loses this share of its results, or more, is not compared; else it is marked."""
_RESULTS_TIMEOUT = 1.5
"""A result may become readable later than the job ends, seconds."""


@dataclass(frozen=True)
class Lab:
    """The place.

    Attributes:
        server: What all are measured on.
        folder: For slots and logs.
        pythons: System's name -> its interpreter.
        quick: Whether all is to be over soon.
        rates: What is known about how fast each is, jobs per second, also from earlier runs.
    """

    server: MeasuredServer
    folder: Path
    pythons: Mapping[str, str]
    quick: bool = False
    rates: dict[str, float] = field(default_factory=dict)

    def fresh(self, count: int) -> Slots:
        """Forget what was, and make slots for *count* jobs."""
        self.server.empty()
        self._slots.unlink(missing_ok=True)  # who has mapped the old ones keeps them
        return Slots.create(self._slots, count)

    def client(self, system: System, variant: Variant | None = None) -> Client:
        """A client program of the system."""
        python = self.pythons[system.name]
        words = [python, "-m", "benchmarks.systems.serving", system.client, self.server.url]
        env = self._env(variant or next(iter(system.variants.values())))
        log = self.folder / f"client-{time.monotonic_ns()}.log"
        return Client(words, env, log)

    def worker(self, system: System, variant: Variant) -> Worker:
        """A worker of the system."""
        words = variant.worker(self.pythons[system.name], self.server.url)
        log = self.folder / f"worker-{time.monotonic_ns()}.log"
        return Worker(words, self._env(variant), log)

    @property
    def _slots(self) -> Path:
        return self.folder / "slots"

    def _env(self, variant: Variant) -> dict[str, str]:
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
            "BENCHMARK_URL": self.server.url,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            **variant.env,
        }


def check_runs(slots: Slots, count: int | None = None) -> None:
    """See that every job, or each of the first *count*, ran, and ran once.

    Raises:
        ProgramFailed: One did not.
    """
    runs = slots.runs[:count]
    none, once = runs.count(0), runs.count(1)
    if once != len(runs):
        more = len(runs) - none - once
        raise ProgramFailed(f"of {len(runs)} jobs {none} did not run and {more} ran repeatedly")


def missing_results(client: Client, count: int, work: str = "noop") -> int:
    """Read a sample of the results back; how many are wrong or missing.

    Raises:
        ProgramFailed: More than a few are.
    """
    wanted = min(count, SAMPLE)
    indices = random.Random(count).sample(range(count), wanted)
    deadline = time.monotonic() + _RESULTS_TIMEOUT
    while True:
        answer = client.ask("results", indices=indices, work=work)
        missing = answer["asked"] - answer["right"]
        if not missing or time.monotonic() > deadline:
            break
    if missing > answer["asked"] * _TOLERATED:
        raise ProgramFailed(
            f"of {answer['asked']} results {missing} are not right: {answer['wrong']}"
        )
    return int(missing)


def all_ran(slots: Slots, count: int | None = None) -> bool:
    """Whether every job, or each of the first *count*, has ended."""
    return 0 not in slots.runs[:count]
